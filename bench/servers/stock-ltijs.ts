import { createRequire } from 'node:module';
import { answerQuestions } from '../support/child.ts';
import type { LaunchTarget, Lms } from '../support/launch-types.ts';
import { freePort } from '../support/ports.ts';

type Fields = Record<string, unknown>;

/** What of ltijs's Provider its README shows. */
type StockProvider = {
  setup(key: string, database: { plugin: object }, options: object): void;
  onConnect(answer: (token: unknown, req: unknown, res: { send(text: string): unknown }) => unknown): void;
  deploy(options: { port: number; silent: boolean }): Promise<unknown>;
  registerPlatform(platform: object): Promise<unknown>;
};

/**
 * ltijs as its README has it: its own server, its login and launch handlers, `onConnect` answering a line of text. What
 * it stores stays in memory, which is quicker than any database it would have in production.
 */
answerQuestions({
  async start(lms: Lms): Promise<LaunchTarget> {
    const { Provider: lti } = createRequire(import.meta.url)('ltijs') as { Provider: StockProvider };
    lti.setup(
      'a key of a measurement, known to everybody',
      { plugin: createMemoryDatabase() },
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

/** ltijs's storage plug-in: documents by what they were stored under, and found so in one step where launches look. */
function createMemoryDatabase() {
  const collections = new Map<string, Map<string, Fields>>();
  function collection(name: string): Map<string, Fields> {
    const known = collections.get(name) ?? new Map<string, Fields>();
    collections.set(name, known);
    return known;
  }
  function find(name: string, query: Fields): Fields[] {
    const exact = collection(name).get(JSON.stringify(query));
    if (exact) return [exact];
    if (DIRECT.has(name)) return [];
    const fields = Object.entries(query);
    return [...collection(name).values()].filter((doc) => fields.every(([field, value]) => doc[field] === value));
  }
  return {
    setup: async () => true,
    Close: async () => true,
    async Get(_key: unknown, name: string, query: Fields = {}) {
      const found = find(name, query);
      return found.length > 0 ? structuredClone(found) : false;
    },
    async Insert(_key: unknown, name: string, item: Fields, index: Fields = {}) {
      collection(name).set(JSON.stringify(DIRECT.has(name) ? item : { ...item, ...index }), { ...item, ...index });
      return true;
    },
    async Replace(_key: unknown, name: string, query: Fields, item: Fields, index: Fields = {}) {
      collection(name).set(JSON.stringify(query), { ...query, ...item, ...index });
      return true;
    },
    async Modify(_key: unknown, name: string, query: Fields, change: Fields) {
      for (const doc of find(name, query)) Object.assign(doc, change);
      return true;
    },
    async Delete(name: string, query: Fields) {
      collection(name).delete(JSON.stringify(query));
      return true;
    },
  };
}

const DIRECT = new Set(['idtoken', 'contexttoken', 'nonce', 'state']);
