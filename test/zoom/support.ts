import { pino } from 'pino';
import type { UserId } from '../../src/channels/channel.ts';
import { TRIAL_ZOOM_APP } from '../../src/config/secrets.ts';
import { createEncryption } from '../../src/lib/encryption.ts';
import { createGuardedDownload } from '../../src/lib/guarded-download.ts';
import { createGuardedHttp } from '../../src/lib/guarded-http.ts';
import type { HttpClient } from '../../src/lib/http-client.ts';
import { newId, systemRandom } from '../../src/lib/ids.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Connection, ConnectionId, Tokens } from '../../src/zoom/connection.ts';
import { createGiveBack, type GiveBack } from '../../src/zoom/give-back.ts';
import { openTokens, sealTokens } from '../../src/zoom/sealed-tokens.ts';
import { createTokens, type ZoomTokens } from '../../src/zoom/tokens.ts';
import { createZoomClient, type ZoomClient } from '../../src/zoom/zoom-client.ts';
import { createZoomOAuth, type ZoomOAuth } from '../../src/zoom/zoom-oauth.ts';
import type { ZoomCallEnd } from '../../src/zoom/zoom-sending.ts';
import { makeTestDatabase } from '../support/test-database.ts';

export const NOON = Date.parse('2026-10-14T12:00:00Z');

/** The way to Zoom of one process, or of several that share a store. */
export type Way = { oauth: ZoomOAuth; tokens: ZoomTokens; giveBack: GiveBack; api: ZoomClient };

export type ZoomBench = Way & {
  zoom: SandboxZoom;
  storage: Storage;
  /** What the log said. */
  logged: Record<string, unknown>[];
  calls: ZoomCallEnd[];
  /** Milliseconds that the client wanted to wait; it did not. */
  waits: number[];
  ended: { id: ConnectionId; end: string }[];
  /** Another process beside this one; its way out may be another. */
  another(http?: HttpClient): Way;
  http: HttpClient;
  /** A person's connection, made from tokens as Zoom gives them, or from others. */
  connect(
    user: string,
    change?: Partial<Connection> & { scopes?: string[]; tokens?: Partial<Tokens> },
  ): Promise<ConnectionId>;
  tokensOf(id: ConnectionId): Promise<Tokens>;
  reset(): void;
  close(): Promise<void>;
};

/** The sandbox's Zoom, a real store, and the client between them. The clock is that of the sandbox's Zoom. */
export async function startZoomBench(): Promise<ZoomBench> {
  const database = makeTestDatabase();
  const storage = await database.open();
  const origin = 'http://127.0.0.1:1';
  const addresses = { loginUrl: '', launchUrl: '', jwksUrl: '', registrationUrl: '', origin };
  const sandbox = await startSandbox({ port: 0, tool: addresses, clock: () => NOON, bigCourseSize: 10 });
  const { zoom } = sandbox;
  const seen = { logged: [], calls: [], waits: [], ended: [] } as Pick<
    ZoomBench,
    'logged' | 'calls' | 'waits' | 'ended'
  >;
  const log = pino({ level: 'debug' }, { write: (line: string) => void seen.logged.push(JSON.parse(line)) });
  const encryption = createEncryption(['0123456789abcdefghijklmnopqrstuvwxyz']);
  const outside = { allowLoopbackHttp: true, userAgent: 'Rostrum test' };
  const http = createGuardedHttp(outside);
  const download = createGuardedDownload({ ...outside, idleMs: 1_000 });
  const clock = () => zoom.clock.now();
  const sleep = async (ms: number) => void seen.waits.push(ms);
  const app = { clientId: TRIAL_ZOOM_APP.clientId, oauthUrl: `${zoom.base}/oauth`, apiUrl: `${zoom.base}/v2` };
  const shared = { clock, random: systemRandom, log };

  function another(way: HttpClient = http): Way {
    const secret = TRIAL_ZOOM_APP.secrets.client;
    const redirectUrl = `${origin}/zoom/callback`;
    const oauth = createZoomOAuth({ app, secret, redirectUrl, http: way, clock, allowHttp: true });
    const onEnd = (id: ConnectionId, end: string) => void seen.ended.push({ id, end });
    const tokens = createTokens({ ...shared, ...storage, encryption, oauth, onEnd });
    const onCall = (end: ZoomCallEnd) => void seen.calls.push(end);
    const api = createZoomClient({ ...shared, tokens, http: way, download, apiUrl: app.apiUrl, onCall, sleep });
    return { oauth, tokens, giveBack: createGiveBack({ oauth, encryption, clock }), api };
  }

  const bench: ZoomBench = {
    ...seen,
    ...another(),
    ...{ zoom, storage, another, http },
    async connect(user, { tokens, ...change } = {}) {
      const { access, refresh, expiresInSeconds, grant } = zoom.oauth.issue(user, change.scopes);
      const { id: zoomUserId, accountId, pmi } = zoom.user(user);
      const id = newId<'zoom-connection'>(clock());
      const given = { access, refresh, expiresAt: clock() + expiresInSeconds * 1000, ...tokens };
      const fresh: Connection = {
        id,
        state: 'live',
        end: null,
        profile: {
          ...{ zoomUserId, accountId, name: user, email: null, plan: 'licensed', personalRoom: pmi },
          ...{ timeZone: null, memberSince: null },
        },
        holders: [newId<'user'>(clock()) as UserId],
        scopes: grant.scopes,
        apiUrl: null,
        sealedTokens: null,
        walk: { sweptAt: null, readFrom: null, complete: false, fault: null, asked: false },
        ...{ connectedAt: clock(), updatedAt: clock(), version: 1 },
        ...change,
      };
      const made = await storage.connections.connect(fresh, (as) => sealTokens(encryption, as, given));
      if (!made.ok) throw new Error(made.reason);
      return made.value.connection.id;
    },
    async tokensOf(id) {
      const sealed = (await storage.connections.findConnection(id))?.sealedTokens;
      if (!sealed) throw new Error('no tokens');
      return openTokens(encryption, id, sealed);
    },
    reset() {
      zoom.reset();
      for (const list of Object.values(seen)) list.length = 0;
      // As after a restart: nothing is remembered of limits.
      Object.assign(bench, another());
    },
    async close() {
      await Promise.all([http.close(), download.close()]);
      await sandbox.close();
      await storage.close();
      await database.drop();
    },
  };
  return bench;
}
