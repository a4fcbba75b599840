import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEncryption } from '../../../src/lib/encryption.ts';
import { createGuardedHttp } from '../../../src/lib/guarded-http.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { NewPlatform } from '../../../src/lti/ltijs/calls.ts';
import { createLtiEngine } from '../../../src/lti/ltijs/engine.ts';
import type { Platform } from '../../../src/lti/platform.ts';
import { ROSTER_SCOPE } from '../../../src/lti/scopes.ts';
import { openSqlite } from '../../../src/storage/sqlite/open.ts';
import { startServer } from '../../support/http-server.ts';

export const PUBLIC_URL = 'http://localhost:3000';
export const START = Date.UTC(2026, 10, 22, 12);

const SHARED_KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

type Handler = (req: IncomingMessage & { text: string }, res: ServerResponse) => void | Promise<void>;

/** A real store, a real client and a small LMS whose answers a test decides; the clock is the test's. */
export async function createWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'rostrum-lti-'));
  const opened = openSqlite({ path: join(folder, 'test.db') });
  if (!opened.ok) throw new Error(opened.reason);
  const storage = opened.value;
  const time = { now: START };
  const clock = () => time.now;
  const http = createGuardedHttp({ allowLoopbackHttp: true, userAgent: 'Rostrum test' });
  const encryption = createEncryption(['a key for tests']);
  const engine = await createLtiEngine({
    ...storage,
    encryption,
    http,
    clock,
    secret: 'unused',
    publicUrl: PUBLIC_URL,
  });

  const routes = new Map<string, Handler>();
  const lms = await startServer((req, res) => {
    const path = new URL(req.url ?? '', 'http://x').pathname;
    const handler = routes.get(path);
    if (handler) return handler(req, res);
    res.writeHead(404).end();
  });
  routes.set('/token', (_req, res) => void res.end(JSON.stringify(tokenAnswer('token-1'))));

  return {
    storage,
    time,
    clock,
    http,
    encryption,
    engine,
    lms: {
      ...lms,
      on: (path: string, handler: Handler) => void routes.set(path, handler),
      count: (path: string) => lms.hits.filter((hit) => new URL(hit, 'http://x').pathname === path).length,
    },
    /** Puts a platform into the store with a key that all tests share, as making one takes a while. */
    async addPlatform(change: Partial<NewPlatform> = {}): Promise<Platform> {
      const keyId = newId<'key'>(START);
      const sealedPrivatePem = encryption.seal(SHARED_KEY.privateKey, `private key ${keyId}`);
      await storage.keys.saveKeyPair({ keyId, publicPem: SHARED_KEY.publicKey, sealedPrivatePem, createdAt: START });
      const made = { id: newId<'platform'>(START), keyId, createdAt: START, updatedAt: START };
      const platform: Platform = { ...platformFields(lms.url), ...change, ...made };
      if (!(await storage.platforms.addPlatform(platform))) throw new Error('There is such a platform');
      return platform;
    },
    async close() {
      await engine.close();
      await http.close();
      await lms.close();
      await storage.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;

export function platformFields(lmsUrl: string): NewPlatform {
  return {
    name: 'Test LMS',
    issuer: lmsUrl,
    clientId: 'client-1',
    authUrl: `${lmsUrl}/auth`,
    tokenUrl: `${lmsUrl}/token`,
    tokenAudience: null,
    jwksUrl: `${lmsUrl}/jwks`,
    family: 'moodle',
    status: 'active',
    deployments: 'learn',
    deploymentIds: [],
    serviceOrigins: [],
    roleLevels: {},
  };
}

export function tokenAnswer(token: string, change: object = {}) {
  return { access_token: token, token_type: 'Bearer', expires_in: 3600, scope: ROSTER_SCOPE, ...change };
}
