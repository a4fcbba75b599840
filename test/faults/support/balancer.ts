import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Shares connections out among processes, in turn; one that does not listen is passed over. */
export type Balancer = { close(): Promise<void> };

/** Listens on `port` of this machine; `targets` are the ports behind it, asked for at each connection. */
export async function startBalancer(port: number, targets: () => number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;

  function lead(near: Socket, left: number[]): void {
    const [target, ...others] = left;
    if (target === undefined) return void near.resetAndDestroy();
    const far = connect(target, '127.0.0.1');
    far.once('connect', () => {
      far.on('close', () => near.destroy());
      near.pipe(far).pipe(near);
    });
    far.on('error', () => {
      if (far.connecting || far.bytesRead + far.bytesWritten === 0) lead(near, others);
      else near.destroy();
    });
    near.once('close', () => far.destroy());
  }

  const server = createServer((near) => {
    open.add(near);
    near.on('error', () => near.destroy());
    near.on('close', () => open.delete(near));
    const all = targets();
    turn += 1;
    lead(near, [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)]);
  });
  server.listen(port);
  await once(server, 'listening');
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
