import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closeServer, createHttpServer, listen } from '../../src/web/http-server.ts';

/** Longer than any test. */
const LONG = 600_000;

const running: { server: Server; agent: Agent }[] = [];

afterEach(async () => {
  for (const { server, agent } of running.splice(0)) {
    agent.destroy();
    await closeServer(server, 0);
  }
});

/** A server, and a client that keeps its one connection open. */
async function start(handler: RequestListener) {
  const server = createHttpServer(handler);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  running.push({ server, agent });
  const port = await listen(server, 0);
  return { server, port, ask: () => get({ port, agent }) };
}

async function answerTo(request: ReturnType<typeof get>): Promise<IncomingMessage> {
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  const ended = once(answer, 'end');
  answer.resume();
  await ended;
  return answer;
}

describe('the HTTP server', () => {
  it('keeps idle connections for longer than the minute of a proxy, and says so', async () => {
    const { server, ask } = await start((_req, res) => void res.end());
    expect((await answerTo(ask())).headers['keep-alive']).toBe('timeout=75');
    expect(server.keepAliveTimeout).toBe(75_000);
    expect(server.headersTimeout).toBeGreaterThan(server.keepAliveTimeout);
    expect(server.requestTimeout).toBeGreaterThan(server.headersTimeout);
  });

  it('does not wait for idle connections when it closes', async () => {
    const { server, port, ask } = await start((_req, res) => void res.end());
    await answerTo(ask());
    expect(await closeServer(server, LONG)).toBe(0);
    await expect(answerTo(get({ port }))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('answers what is under way when it closes, and then waits for nobody', async () => {
    let answer = () => {};
    const { server, ask } = await start((_req, res) => {
      answer = () => void res.end();
    });
    const asked = ask();
    const answered = answerTo(asked);
    await once(server, 'request');
    const closed = closeServer(server, LONG);
    answer();
    expect((await answered).statusCode).toBe(200);
    expect(await closed).toBe(0);
  });

  it('cuts off what does not end in its time, and tells how much that was', async () => {
    const { server, ask } = await start(() => {});
    const asked = ask();
    const failed = once(asked, 'error');
    await once(server, 'request');
    expect(await closeServer(server, 1)).toBe(1);
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('rejects with the error of the system when the port is in use', async () => {
    const { server } = await start((_req, res) => void res.end());
    const { port } = server.address() as AddressInfo;
    await expect(
      listen(
        createHttpServer(() => {}),
        port,
      ),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
