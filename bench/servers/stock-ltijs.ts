import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { answerQuestions } from '../support/child.ts';
import type { LaunchTarget, Lms } from '../support/launch-types.ts';
import { freePort } from '../support/ports.ts';

type Fields = Record<string, unknown>;

const dataDir = mkdtempSync(join(tmpdir(), 'rostrum-bench-'));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));

/** What of ltijs's Provider its README shows. */
type StockProvider = {
  setup(key: string, database: { plugin: object }, options: object): void;
  onConnect(answer: (token: unknown, req: unknown, res: { send(text: string): unknown }) => unknown): void;
  deploy(options: { port: number; silent: boolean }): Promise<unknown>;
  registerPlatform(platform: object): Promise<unknown>;
};

/**
 * ltijs as its README has it: its own server, its login and launch handlers, `onConnect` answering a line of text.
 */
answerQuestions({
  async start(lms: Lms): Promise<LaunchTarget> {
    const { Provider: lti } = createRequire(import.meta.url)('ltijs') as { Provider: StockProvider };
    lti.setup(
      'a key of a measurement, known to everybody',
      { plugin: createDatabase() },
      { appRoute: '/', loginRoute: '/login', cookies: { secure: true, sameSite: 'None' }, devMode: false },
    );
    lti.onConnect((_token, _req, res) => res.send("It's alive!"));
    const port = await freePort();
    await lti.deploy({ port, silent: true });
    await lti.registerPlatform({
      url: lms.issuer,
      name: 'Measurement',
      clientId: lms.clientId,
      authenticationEndpoint: lms.authUrl,
      accesstokenEndpoint: lms.tokenUrl,
      authConfig: { method: 'JWK_SET', key: lms.jwksUrl },
    });
    const origin = `http://127.0.0.1:${port}`;
    return { origin, loginPath: '/login', launchPath: '/', targetLinkUri: `${origin}/` };
  },
});

/**
 * A storage plug-in for ltijs on the engine the product uses, set up in the same way: one table for each collection, documents as JSON
 * under what they were stored by, so that launches find theirs in one step. Nothing is encrypted.
 */
function createDatabase() {
  const db = new BetterSqlite3(join(dataDir, 'ltijs.sqlite'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  const tables = new Map<string, Table>();
  function table(name: string): Table {
    const known = tables.get(name) ?? createTable(db, name);
    tables.set(name, known);
    return known;
  }
  function find(name: string, query: Fields): Fields[] {
    const exact = table(name).one.get(JSON.stringify(query));
    if (exact !== undefined) return [JSON.parse(exact)];
    if (DIRECT.has(name)) return [];
    const fields = Object.entries(query);
    const all: Fields[] = table(name)
      .all.all()
      .map((doc) => JSON.parse(doc));
    return all.filter((doc) => fields.every(([field, value]) => doc[field] === value));
  }
  return {
    setup: async () => true,
    Close: async () => db.close(),
    async Get(_key: unknown, name: string, query: Fields = {}) {
      const found = find(name, query);
      return found.length > 0 ? found : false;
    },
    async Insert(_key: unknown, name: string, item: Fields, index: Fields = {}) {
      const doc = JSON.stringify({ ...item, ...index });
      table(name).put.run(DIRECT.has(name) ? JSON.stringify(item) : doc, doc);
      return true;
    },
    async Replace(_key: unknown, name: string, query: Fields, item: Fields, index: Fields = {}) {
      table(name).put.run(JSON.stringify(query), JSON.stringify({ ...query, ...item, ...index }));
      return true;
    },
    async Modify(_key: unknown, name: string, query: Fields, change: Fields) {
      for (const doc of find(name, query)) {
        table(name).put.run(JSON.stringify(query), JSON.stringify({ ...doc, ...change }));
      }
      return true;
    },
    async Delete(name: string, query: Fields) {
      table(name).remove.run(JSON.stringify(query));
      return true;
    },
  };
}

type Table = ReturnType<typeof createTable>;

function createTable(db: BetterSqlite3.Database, name: string) {
  db.exec(`CREATE TABLE IF NOT EXISTS "${name}" (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID`);
  return {
    one: db.prepare<[string], string>(`SELECT doc FROM "${name}" WHERE key = ?`).pluck(),
    all: db.prepare<[], string>(`SELECT doc FROM "${name}"`).pluck(),
    put: db.prepare<[string, string]>(`INSERT OR REPLACE INTO "${name}" (key, doc) VALUES (?, ?)`),
    remove: db.prepare<[string]>(`DELETE FROM "${name}" WHERE key = ?`),
  };
}

const DIRECT = new Set(['idtoken', 'contexttoken', 'nonce', 'state']);
