import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from '../support/child.ts';

/** The LMS of the launches, as far as a tool asks it anything: its key set. */
answerQuestions({
  start(jwk: object) {
    const keys = JSON.stringify({ keys: [jwk] });
    const server = createServer((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=864000' });
      res.end(keys);
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    });
  },
});
