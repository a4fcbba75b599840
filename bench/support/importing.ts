import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { PlatformId, UserId } from '../../src/channels/channel.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import type { Recording } from '../../src/recordings/recording.ts';
import type { RecordingStore } from '../../src/recordings/recording-store.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Connection, ConnectionId } from '../../src/zoom/connection.ts';
import type { OneVideo, ZoomAccount, ZoomApp } from '../servers/zoom.ts';
import { cpuMs } from './child.ts';
import { product } from './product.ts';

/** What an import needs of a running tool. */
export type Importing = {
  storage: Storage;
  jobs: Jobs;
  ends: ImportEnds;
  secretKeys: [string, ...string[]];
};
export type ImportOwner = { connectionId: ConnectionId; userId: UserId; platformId: PlatformId };
export type MeasuredImport = {
  /** From asking for all to the last end, in milliseconds. */
  ms: number;
  cpu: number;
  bytes: number;
  /** The longest time the event loop was held up, in milliseconds. */
  pauseMs: number;
};

/** Resolves when this process has written the end of so many imports; rejects when one of them failed. */
export type ImportEnds = { after(count: number): Promise<Recording[]> };

/** Learns of ends from what is written, so that nobody has to ask the database; the storage is to be used in place of the given one. */
export function watchImports(storage: Storage): { storage: Storage; ends: ImportEnds } {
  let ended: Recording[] = [];
  let tell = () => {};
  const changeRecording: RecordingStore['changeRecording'] = async (...args) => {
    let isEnd = false;
    const [id, at, decide, note] = args;
    const watching = (current: Recording) => {
      const next = decide(current);
      isEnd = next !== null && isOver(next) && !isOver(current);
      return next;
    };
    const after = await storage.recordings.changeRecording(id, at, watching, note);
    if (isEnd && after) ended.push(after);
    if (isEnd) tell();
    return after;
  };
  const ends: ImportEnds = {
    async after(count) {
      while (ended.length < count) await new Promise<void>((resolve) => (tell = resolve));
      const all = ended;
      ended = [];
      return all;
    },
  };
  return { storage: { ...storage, recordings: { ...storage.recordings, changeRecording } }, ends };
}

function isOver({ import: { state } }: Recording): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Settings by which the product goes to a Zoom on this machine; in production it would not. */
export function zoomSettings(app: ZoomApp): Record<string, string> {
  return {
    NODE_ENV: 'development',
    SANDBOX: 'off',
    ZOOM_CLIENT_ID: app.clientId,
    ZOOM_CLIENT_SECRET: app.clientSecret,
    ZOOM_WEBHOOK_SECRET: app.webhookSecret,
    ZOOM_OAUTH_URL: app.oauthUrl,
    ZOOM_API_URL: app.apiUrl,
  };
}

/** A person who connected this Zoom account. */
export async function connectZoom({ storage, secretKeys }: Importing, account: ZoomAccount): Promise<ImportOwner> {
  const { createEncryption } = await product<typeof import('../../src/lib/encryption.ts')>('lib/encryption');
  const { newId } = await product<typeof import('../../src/lib/ids.ts')>('lib/ids');
  const { sealTokens } = await product<typeof import('../../src/zoom/sealed-tokens.ts')>('zoom/sealed-tokens');
  const now = Date.now();
  const userId: UserId = newId<'user'>(now);
  const { zoomUserId, accountId, scopes, tokens } = account;
  const fresh: Connection = {
    id: newId<'zoom-connection'>(now),
    state: 'live',
    end: null,
    profile: {
      ...{ zoomUserId, accountId, name: null, email: null, plan: 'licensed', personalRoom: null },
      ...{ timeZone: null, memberSince: null },
    },
    holders: [userId],
    scopes,
    apiUrl: null,
    sealedTokens: null,
    // Nothing of it is looked at beside the imports.
    walk: { sweptAt: now, readFrom: '2012-01-01', complete: true, fault: null, asked: false },
    ...{ connectedAt: now, updatedAt: now, version: 1 },
  };
  const encryption = createEncryption(secretKeys);
  const made = await storage.connections.connect(fresh, (id) => sealTokens(encryption, id, tokens));
  if (!made.ok) throw new Error(made.reason);
  return { connectionId: made.value.connection.id, userId, platformId: newId<'platform'>(now) };
}

/** Longer than this resolution is what counts as a pause. */
export const RESOLUTION_MS = 2;

/** Asks for recordings that are in the catalogue, all at once, and waits until the last one is here. */
export async function measureImport(
  tool: Importing,
  { owner, videos }: { owner: ImportOwner; videos: OneVideo[] },
): Promise<MeasuredImport> {
  const { storage, jobs, ends } = tool;
  const { requestImports } =
    await product<typeof import('../../src/recordings/request-import.ts')>('recordings/request-import');
  const { systemClock } = await product<typeof import('../../src/lib/clock.ts')>('lib/clock');
  const { systemRandom } = await product<typeof import('../../src/lib/ids.ts')>('lib/ids');
  await storage.catalogue.putEntries(videos.map((video) => entryOf(owner.connectionId, video)));
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const cpuBefore = cpuMs();
  const begun = performance.now();
  const { connectionId, ...by } = owner;
  const answers = await requestImports(
    { ...storage, jobs, clock: systemClock, random: systemRandom },
    { by, connectionId, meetingUuids: videos.map(({ uuid }) => uuid), channelId: null },
  );
  const refused = answers.find(({ outcome }) => outcome !== 'requested');
  if (refused) throw new Error(`an import was not asked for: ${refused.outcome}`);
  const ended = await ends.after(videos.length);
  const ms = performance.now() - begun;
  const cpu = cpuMs() - cpuBefore;
  delay.disable();
  return { ms, cpu, bytes: bytesOf(ended), pauseMs: delay.max / 1e6 - RESOLUTION_MS };
}

function entryOf(connectionId: ConnectionId, video: OneVideo) {
  const { uuid: meetingUuid, address: _address, ...rest } = video;
  const texts = { hasTranscript: false, hasChat: false };
  const state = { media: 'video' as const, processing: false, deletesOn: null, seenAt: Date.now() };
  return { connectionId, meetingUuid, ...rest, ...texts, ...state };
}

function bytesOf(recordings: readonly Recording[]): number {
  const failed = recordings.find(({ import: { state } }) => state !== 'done');
  if (failed) throw new Error(`an import ended ${failed.import.state}: ${failed.import.fault}`);
  return recordings.flatMap(({ parts }) => parts).reduce((sum, { video }) => sum + (video?.bytes ?? 0), 0);
}
