import { type Response, Router } from 'express';
import { z } from 'zod';
import { jsonAnswer, send } from '../http-answer.ts';
import type { NewZoomMeeting } from './meetings.ts';
import type { NewZoomRecording } from './recordings/store.ts';
import type { SandboxZoom } from './zoom.ts';

/**
 * Steers the Zoom by JSON from another process: `GET /` tells its state, `PATCH /faults` sets switches, `POST /clock` moves its
 * time and sends what is due, `POST /actions` does what people and administrators do, `POST /reset` puts everything back.
 */
export function createZoomControl(zoom: SandboxZoom): Router {
  const router = Router();
  router.get('/', (_req, res) => send(res, jsonAnswer(200, describe(zoom))));
  router.get('/requests', (_req, res) => send(res, jsonAnswer(200, zoom.requests.log)));
  router.patch('/faults', (req, res) => attempt(res, () => setFaults(zoom, req.body)));
  router.post('/clock', (req, res) =>
    attempt(res, async () => {
      zoom.clock.advance(z.object({ advanceMs: z.number() }).parse(req.body).advanceMs);
      await zoom.webhooks.deliver();
      return { now: zoom.clock.now() };
    }),
  );
  router.post('/actions', (req, res) => attempt(res, () => act(zoom, ACTION.parse(req.body))));
  router.post('/reset', (_req, res) => attempt(res, () => zoom.reset()));
  return router;
}

const USER = { user: z.string() };
const RECORDING = { uuid: z.string() };

const ACTION = z.discriminatedUnion('action', [
  z.object({ action: z.literal('revoke'), ...USER }),
  z.object({ action: z.literal('remove-owner'), ...USER }),
  z.object({ action: z.literal('add-meeting'), meeting: z.looseObject({ host: z.string(), topic: z.string() }) }),
  z.object({ action: z.literal('expire-meeting'), number: z.string() }),
  z.object({ action: z.literal('add-recording'), recording: z.looseObject({ host: z.string(), number: z.string() }) }),
  z.object({ action: z.literal('add-transcript'), ...RECORDING }),
  z.object({ action: z.literal('trash-recording'), ...RECORDING }),
  z.object({ action: z.literal('validate-webhook') }),
]);

async function act(zoom: SandboxZoom, asked: z.infer<typeof ACTION>): Promise<unknown> {
  switch (asked.action) {
    case 'revoke':
      return { revoked: zoom.oauth.revoke(asked.user) };
    case 'remove-owner':
      return zoom.oauth.removeOwner(asked.user);
    case 'add-meeting':
      return zoom.meetings.add(asked.meeting as NewZoomMeeting);
    case 'expire-meeting':
      return zoom.meetings.expire(asked.number);
    case 'add-recording':
      return zoom.recordings.add(asked.recording as NewZoomRecording);
    case 'add-transcript':
      return zoom.recordings.addTranscript(asked.uuid);
    case 'trash-recording':
      return zoom.recordings.trash(asked.uuid);
    case 'validate-webhook':
      return { valid: await zoom.webhooks.validate() };
  }
}

function setFaults(zoom: SandboxZoom, body: unknown): object {
  const faults = z.record(z.string(), z.unknown()).parse(body);
  const unknown = Object.keys(faults).filter((name) => name === 'reset' || !(name in zoom.faults));
  if (unknown.length > 0) throw new Error(`No such faults: ${unknown.join(', ')}`);
  return Object.assign(zoom.faults, faults);
}

function describe(zoom: SandboxZoom): object {
  return {
    base: zoom.base,
    now: zoom.clock.now(),
    faults: zoom.faults,
    users: zoom.users.map((user) => ({ ...user, connected: zoom.oauth.grant(user.key)?.scopes ?? null })),
    meetings: zoom.meetings.list(),
    recordings: zoom.recordings.list().map(({ uuid, host, number, topic, startedAt }) => ({
      ...{ uuid, host, number, topic, startedAt },
    })),
  };
}

/** What is not there is refused by throwing; here that is the caller's mistake. */
async function attempt(res: Response, action: () => unknown): Promise<void> {
  try {
    send(res, jsonAnswer(200, (await action()) ?? { ok: true }));
  } catch (error) {
    send(res, jsonAnswer(400, { problem: error instanceof Error ? error.message : 'Bad request' }));
  }
}
