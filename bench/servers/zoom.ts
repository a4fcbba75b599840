import type { NewZoomRecording } from '../../src/sandbox/zoom/recordings/store.ts';
import { answerQuestions } from '../support/child.ts';
import { product } from '../support/product.ts';

type Sandboxes = typeof import('../../src/sandbox/sandbox.ts');
type Zoom = Awaited<ReturnType<Sandboxes['startSandbox']>>['zoom'];

/** The app that a tool needs to come to this Zoom. */
export type ZoomApp = {
  clientId: string;
  clientSecret: string;
  webhookSecret: string;
  oauthUrl: string;
  apiUrl: string;
};
/** What a Zoom user allowed the app. */
export type ZoomAccount = {
  zoomUserId: string;
  accountId: string;
  scopes: string[];
  tokens: { access: string; refresh: string; expiresAt: number };
};
/** A recording with one video. `address` is where its bytes are, for whoever shows an access token. */
export type OneVideo = Pick<NewZoomRecording, 'number'> & {
  uuid: string;
  topic: string;
  startedAt: number;
  durationMs: number;
  timeZone: string;
  bytes: number;
  address: string;
};

const HOST = 'ada';
const MEETING = '84512345678';
const HOUR = 3_600_000;

/** The product's own Zoom, with recordings of any size, whose bytes are made while they are sent. */
let zoom: Zoom | null = null;
let count = 0;

answerQuestions({
  async start(publicUrl: string): Promise<ZoomApp> {
    const { startSandbox } = await product<Sandboxes>('sandbox/sandbox');
    const tool = { loginUrl: publicUrl, launchUrl: publicUrl, jwksUrl: publicUrl, origin: publicUrl };
    const sandbox = await startSandbox({ port: 0, bigCourseSize: 1, tool });
    zoom = sandbox.zoom;
    const { clientId, clientSecret, webhookSecret } = zoom.app;
    const addresses = { oauthUrl: `${zoom.base}/oauth`, apiUrl: `${zoom.base}/v2` };
    return { clientId, clientSecret, webhookSecret, ...addresses };
  },
  connect(): ZoomAccount {
    const { access, refresh, expiresInSeconds, grant } = running().oauth.issue(HOST);
    const { id: zoomUserId, accountId } = running().user(HOST);
    const tokens = { access, refresh, expiresAt: Date.now() + expiresInSeconds * 1000 };
    return { zoomUserId, accountId, scopes: grant.scopes, tokens };
  },
  record: (asked: { count: number; bytes: number }): OneVideo[] =>
    Array.from({ length: asked.count }, () => recordOne(asked.bytes)),
});

function running(): Zoom {
  if (!zoom) throw new Error('not started');
  return zoom;
}

function recordOne(bytes: number): OneVideo {
  const { recordings, base } = running();
  // Zoom takes some time; what began hours ago is ready.
  const startedAt = Date.now() - 3 * HOUR - count++ * HOUR;
  const asked = { host: HOST, number: MEETING, startedAt, durationMs: HOUR, bytes, quiet: true };
  const { uuid } = recordings.add({ ...asked, transcript: 'never', audio: false });
  const made = recordings.get(uuid);
  const file = made?.files[0];
  if (made?.files.length !== 1 || file?.kind !== 'video') throw new Error('no recording of one video');
  const { number, topic, durationMs, timezone: timeZone } = made;
  return { uuid, number, topic, startedAt, durationMs, timeZone, bytes, address: `${base}/rec/download/${file.key}` };
}
