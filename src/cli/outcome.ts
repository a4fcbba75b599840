/** Where a command writes; a line each. */
export type CliIo = { out: (line: string) => void; err: (line: string) => void };

/** What a command did: a document for machines and text for people. `failed` sets the exit code to 1. */
export type CommandOutcome =
  | { ok: true; json: unknown; text: string; failed?: boolean }
  | { ok: false; code: string; message: string; usage?: boolean };

export type FailedOutcome = Extract<CommandOutcome, { ok: false }>;

export function done(json: unknown, text: string): CommandOutcome {
  return { ok: true, json, text };
}

export function failed(code: string, message: string): FailedOutcome {
  return { ok: false, code, message };
}

/** The command line itself is wrong: exit code 2. */
export function misused(message: string): FailedOutcome {
  return { ok: false, code: 'usage', message, usage: true };
}
