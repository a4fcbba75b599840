import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NRPS_TYPE } from './claim-names.ts';

/** A server on an origin of its own that next links can lead to; it counts who comes, and who brings a token. */
export type ForeignOrigin = { origin: string; close(): Promise<void> };

export async function startForeignOrigin(host: string, seen: (withToken: boolean) => void): Promise<ForeignOrigin> {
  const server = createServer((req, res) => {
    seen(req.headers.authorization !== undefined);
    const stranger = { user_id: 'stranger', roles: ['Instructor'], status: 'Active', name: 'A Stranger' };
    res.setHeader('Content-Type', NRPS_TYPE);
    res.end(JSON.stringify({ id: req.url, context: { id: 'elsewhere' }, members: [stranger] }));
  });
  const port = await listen(server, 0, host);
  return { origin: originOf(host, port), close: () => close(server) };
}

export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Stops a server at once, open connections included. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
