import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type TestServer = { url: string; port: number; hits: string[]; close(): Promise<void> };

/** A real HTTP server on a free port of 127.0.0.1; `hits` are the paths asked for. */
export async function startServer(
  answer: (req: IncomingMessage & { text: string }, res: ServerResponse) => void | Promise<void>,
): Promise<TestServer> {
  const hits: string[] = [];
  const server: Server = createServer(async (req, res) => {
    hits.push(req.url ?? '');
    let text = '';
    for await (const chunk of req) text += chunk;
    await answer(Object.assign(req, { text }), res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    hits,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
