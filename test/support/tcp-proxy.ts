import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Between a program and its server: a network that a test breaks and mends. */
export type TcpProxy = {
  port: number;
  /** Ends all connections at once, and takes no new ones until `restore`. */
  cut(): void;
  /** Does so when the program sends something that looks like this (bytes as Latin-1), which does not arrive. */
  cutAt(message: RegExp): void;
  /** Lets nothing through, in either direction; connections stay, and new ones are taken and hear nothing. */
  stall(): void;
  /** Lets everything through again, what was held back first. */
  restore(): void;
  /** How many connections there are. */
  connections(): number;
  close(): Promise<void>;
};

type State = 'open' | 'stalled' | 'cut';

/** Takes connections on a free port of this machine and leads them to `host` and `port`. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  let state: State = 'open';
  let fatal: RegExp | null = null;
  const sockets = new Set<Socket>();

  const server = createServer((near) => {
    if (state === 'cut') return near.resetAndDestroy();
    const far = connect(target);
    near.on('data', (bytes: Buffer) => {
      if (fatal?.test(bytes.toString('latin1'))) cut();
    });
    join(near, far);
    join(far, near);
  });

  function cut(): void {
    state = 'cut';
    each((socket) => socket.resetAndDestroy());
  }

  function join(from: Socket, to: Socket): void {
    sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes) => {
      if (!to.destroyed && !to.write(bytes)) from.pause();
    });
    to.on('drain', () => {
      if (state === 'open') from.resume();
    });
    // An end of either is the end of both; how it came to it is the test's business.
    from.on('error', () => to.destroy());
    from.on('end', () => to.end());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (state === 'stalled') from.pause();
  }

  function each(change: (socket: Socket) => void): void {
    for (const socket of [...sockets]) change(socket);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    cutAt(message) {
      fatal = message;
    },
    stall() {
      state = 'stalled';
      each((socket) => socket.pause());
    },
    restore() {
      state = 'open';
      fatal = null;
      each((socket) => socket.resume());
    },
    connections: () => sockets.size / 2,
    async close() {
      const closed = once(server, 'close');
      server.close();
      each((socket) => socket.destroy());
      await closed;
    },
  };
}
