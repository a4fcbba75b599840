import { API_SCOPES, type ApiKey, type ApiScope } from '../api/api-key-store.ts';
import { hashSecret, newId, newSecret } from '../lib/ids.ts';
import { type Command, withContext } from './command.ts';
import { done, failed, misused } from './outcome.ts';
import { textTable } from './text-table.ts';

const create: Command = {
  name: 'api-key create',
  summary: 'Makes a key for /api/v1; it is shown once.',
  positionals: [],
  options: {
    name: { type: 'string', value: 'NAME', required: true, help: 'What the key is for.' },
    scope: {
      type: 'string',
      value: 'SCOPE',
      multiple: true,
      help: `What it may do, repeatable; all if not given: ${API_SCOPES.join(', ')}.`,
    },
  },
  async run({ values }, tools) {
    const scopes = readScopes(values.scope);
    if (!scopes) return misused(`--scope is none of ${API_SCOPES.join(', ')}.`);
    const name = String(values.name).trim().slice(0, 200);
    if (name === '') return misused('--name is empty.');
    return withContext(tools, async ({ storage, clock, note }) => {
      const createdAt = clock();
      const id: string = newId(createdAt);
      // The prefix lets secret scanners and people tell what the text is.
      const key = `rostrum_${newSecret()}`;
      await storage.apiKeys.addApiKey({ id, name, keyHash: hashSecret(key), scopes, createdAt, revokedAt: null });
      await note({ action: 'api-key.create', to: id });
      return done({ id, name, key, scopes }, `${key}\nThis is the only time the key is shown. Its ID is ${id}.`);
    });
  },
};

const list: Command = {
  name: 'api-key list',
  summary: 'Lists the keys, without the keys themselves.',
  positionals: [],
  options: {},
  run: (_input, tools) =>
    withContext(tools, async ({ storage }) => {
      const keys = (await storage.apiKeys.listApiKeys()).map(presentKey);
      const rows = keys.map((key) => [key.id, key.revokedAt ? 'revoked' : 'works', key.name, key.scopes.join(' ')]);
      const text = rows.length > 0 ? textTable(['ID', 'STATE', 'NAME', 'SCOPES'], rows) : 'There is no API key.';
      return done({ items: keys }, text);
    }),
};

const revoke: Command = {
  name: 'api-key revoke',
  summary: 'Ends a key for good.',
  positionals: ['ID'],
  options: {},
  run: ({ positionals: [id = ''] }, tools) =>
    withContext(tools, async ({ storage, clock, note }) => {
      const revoked = await storage.apiKeys.revokeApiKey(id, clock());
      if (!revoked) return failed('no-such-key', 'No working key has this ID; "rostrum api-key list" shows them.');
      await note({ action: 'api-key.revoke', from: id });
      return done({ id, revoked: true }, 'The key does not work any more.');
    }),
};

export const apiKeyCommands: readonly Command[] = [create, list, revoke];

function readScopes(given: unknown): ApiScope[] | null {
  if (given === undefined) return [...API_SCOPES];
  const names = (given as string[]).flatMap((text) => text.split(',')).map((text) => text.trim());
  const scopes = API_SCOPES.filter((scope) => names.includes(scope));
  return scopes.length === new Set(names).size ? scopes : null;
}

function presentKey({ id, name, scopes, createdAt, revokedAt }: ApiKey) {
  const revoked = revokedAt === null ? null : new Date(revokedAt).toISOString();
  return { id, name, scopes, createdAt: new Date(createdAt).toISOString(), revokedAt: revoked };
}
