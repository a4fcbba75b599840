/** Stands where ltijs has its web server: takes the routes it would add and does nothing with them. */
export class ServerReplacement {
  readonly app = {
    use: ignore,
    all: ignore,
    get: ignore,
  };

  listen(): never {
    throw new Error("ltijs's own web server is never started");
  }

  close(): void {}
}

/** Stands where ltijs has its MongoDB models. */
export class DatabaseReplacement {
  constructor() {
    throw new Error('ltijs was set up without our storage plug-in');
  }
}

function ignore(): void {}
