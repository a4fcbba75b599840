import { Router } from 'express';
import type { LtiEngine } from './ltijs/engine.ts';

/**
 * `/lti/keys`: the public keys of the tool (RFC 7517). Kept for a minute only: an LMS that was registered just now looks
 * for a key that an older copy does not have.
 */
export function keyRoutes(deps: { engine: Pick<LtiEngine, 'publicKeys'> }): Router {
  const router = Router();
  router.get('/lti/keys', async (_req, res) => {
    const keys = await deps.engine.publicKeys();
    res.set({ 'Cache-Control': 'public, max-age=60', 'Access-Control-Allow-Origin': '*' }).json({ keys });
  });
  return router;
}
