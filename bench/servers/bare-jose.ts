import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { answerQuestions } from '../support/child.ts';
import type { LaunchTarget, Lms } from '../support/launch-types.ts';

/** The least a launch can cost on Express and jose: state and nonce in memory, cached keys, nothing stored, no person entered. */
answerQuestions({
  start(lms: Lms): Promise<LaunchTarget> {
    const keys = createRemoteJWKSet(new URL(lms.jwksUrl));
    const nonces = new Map<string, string>();
    const app = express();
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', (req, res) => {
      const state = randomBytes(32).toString('base64url');
      const nonce = randomBytes(32).toString('base64url');
      nonces.set(state, nonce);
      const query = new URLSearchParams({ ...req.body, state, nonce, client_id: lms.clientId });
      res.redirect(302, `${lms.authUrl}?${query}`);
    });
    app.post('/launch', async (req, res) => {
      const { id_token: token, state } = req.body as Record<string, string>;
      const expected = { issuer: lms.issuer, audience: lms.clientId, algorithms: ['RS256'] };
      const { payload } = await jwtVerify(token ?? '', keys, expected);
      if (payload.nonce !== nonces.get(state ?? '')) return void res.sendStatus(401);
      nonces.delete(state ?? '');
      res.redirect(303, '/page');
    });
    app.get('/page', (_req, res) => void res.send("It's alive!"));
    return new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => {
        const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        resolve({ origin, loginPath: '/login', launchPath: '/launch', targetLinkUri: `${origin}/launch` });
      });
    });
  },
});
