import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * For longer than the proxies in `deploy/` keep a connection they do not use (60 seconds): whoever closes it first must
 * be the one that sends requests on it, as a request that meets the close is answered with 502.
 */
const KEEP_ALIVE_MS = 75_000;
/** A connection that was opened ahead of its first request is closed after this, so it is the longer one. */
const HEADERS_MS = 80_000;
const LOOK_FOR_IDLE_EVERY_MS = 50;

/** The HTTP server around `handler`, not yet listening. */
export function createHttpServer(handler: RequestListener): Server {
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS }, handler);
}

/** Opens the port, any free one for 0, and returns the one in use. Rejects with the system's error. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Closes the port and waits until the requests under way are answered, for `withinMs` at most; returns how many
 * connections were cut off then. Browsers and proxies keep idle connections open, which nobody waits for.
 */
export async function closeServer(server: Server, withinMs: number): Promise<number> {
  let cutOff = 0;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const idle = setInterval(() => server.closeIdleConnections(), LOOK_FOR_IDLE_EVERY_MS);
  const guard = setTimeout(() => {
    server.getConnections((_error, count) => {
      cutOff = count;
      server.closeAllConnections();
    });
  }, withinMs);
  await closed;
  clearInterval(idle);
  clearTimeout(guard);
  return cutOff;
}
