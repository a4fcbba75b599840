import { existsSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import type { LtijsAuth, LtijsDatabase, LtijsProvider } from 'ltijs';
import { z } from 'zod';
import { createCallStorage } from './call-storage.ts';
import type { LtijsCall } from './calls.ts';
import { createHttpReplacement, type HttpReplacement } from './http-replacement.ts';
import { DatabaseReplacement, ServerReplacement } from './idle-parts.ts';

/** The one version that the replacements below were written for. */
const VERSION = '5.9.9';

export type Ltijs = {
  /** An instance of its own; the one ltijs exports can be set up only once. */
  newProvider(): LtijsProvider;
  /** Runs a call into ltijs with what belongs to it. */
  inCall<T>(call: LtijsCall, run: () => Promise<T>): Promise<T>;
  /** The call that is running, for the storage plug-in. */
  currentCall(): LtijsCall | undefined;
};

/** What our storage plug-in does in place of two methods of ltijs; it reaches them as their last argument. */
export type LtijsHooks = {
  /** Makes and stores a key pair; returns its ID. */
  makeKeyPair(): Promise<string>;
  requestToken(issuer: string, clientId: string, scopes: string): ReturnType<LtijsAuth['getAccessToken']>;
};

/**
 * Loads ltijs as a library. Replaced, before its first import, since ltijs has no option for it:
 * - `Utils/Http.js`: its HTTP client has no time limit, follows redirects, and reaches private addresses and sockets;
 * - `Utils/Server.js`: its Express 4 app, whose launch route one anonymous request can crash, must never answer;
 * - `Utils/Database.js`: its MongoDB models (and with them mongoose), as storage is ours;
 * and after it:
 * - `Auth.generatePlatformKeyPair`: it makes 4096-bit keys synchronously, seconds during which nothing else runs;
 * - `Auth.getAccessToken`: see `access-tokens.ts`.
 * Throws, naming the part, when ltijs is not exactly as expected: a silent miss would bring the original back.
 */
export function loadLtijs(require: NodeJS.Require = createRequire(import.meta.url)): Ltijs {
  const version = z.object({ version: z.string() }).parse(require('ltijs/package.json')).version;
  expectPart(version === VERSION, `version ${VERSION}, not ${version}`);
  const http = replaceModules(require);
  const { Provider } = require('ltijs') as typeof import('ltijs');
  for (const user of ['Provider/Services/NamesAndRoles.js', 'Provider/Services/DynamicRegistration.js']) {
    expectUse(require, user, 'Utils/Http.js');
  }
  expectUse(require, 'Provider/Provider.js', 'Utils/Server.js');
  expectUse(require, 'Provider/Provider.js', 'Utils/Database.js');
  replaceAuth(require(pathOf(require, 'Utils/Auth.js')) as LtijsAuth);

  const NewProvider = Provider?.constructor as (new () => LtijsProvider) | undefined;
  expectPart(typeof NewProvider?.prototype?.registerPlatform === 'function', 'Provider.registerPlatform');
  return {
    newProvider: () => new (NewProvider as new () => LtijsProvider)(),
    inCall: (call, run) => http.calls.run(call, run),
    currentCall: () => http.calls.current(),
  };
}

function replaceModules(require: NodeJS.Require): HttpReplacement {
  const path = pathOf(require, 'Utils/Http.js');
  const there: unknown = require.cache[path]?.exports;
  if (isHttpReplacement(there)) return there;
  const loaded = require.cache[pathOf(require, 'Provider/Provider.js')];
  expectPart(!loaded && there === undefined, 'not loaded before its HTTP client is replaced');
  const http = createHttpReplacement(createCallStorage());
  putModule(require, path, http);
  putModule(require, pathOf(require, 'Utils/Server.js'), ServerReplacement);
  putModule(require, pathOf(require, 'Utils/Database.js'), DatabaseReplacement);
  return http;
}

// A second load in the same process finds the replacement of the first, which works on.
function isHttpReplacement(exports: unknown): exports is HttpReplacement {
  return typeof exports === 'object' && exports !== null && 'calls' in exports;
}

// By the package's own folder: a look-up by name would, for a part that is missing, go on to an ltijs further up.
function pathOf(require: NodeJS.Require, part: string): string {
  const path = join(dirname(require.resolve('ltijs/package.json')), 'dist', part);
  expectPart(existsSync(path), part);
  return path;
}

function putModule(require: NodeJS.Require, path: string, exports: unknown): void {
  const replacement = new Module(path);
  Object.assign(replacement, { filename: path, loaded: true, exports });
  require.cache[path] = replacement as NodeJS.Module;
}

function expectUse(require: NodeJS.Require, user: string, part: string): void {
  const used = require.cache[pathOf(require, part)];
  const children = require.cache[pathOf(require, user)]?.children ?? [];
  expectPart(used !== undefined && children.includes(used), `${user}, which uses ${part}`);
}

function replaceAuth(auth: LtijsAuth): void {
  expectPart(typeof auth.generatePlatformKeyPair === 'function', 'Auth.generatePlatformKeyPair');
  expectPart(typeof auth.getAccessToken === 'function', 'Auth.getAccessToken');
  auth.generatePlatformKeyPair = (_key, database) => hooksOf(database).makeKeyPair();
  auth.getAccessToken = async (scopes, platform, _key, database) =>
    hooksOf(database).requestToken(await platform.platformUrl(), await platform.platformClientId(), scopes);
}

function hooksOf(database: LtijsDatabase): LtijsHooks {
  if (!('makeKeyPair' in database)) throw new Error('ltijs called with a storage that is not ours');
  return database as LtijsDatabase & LtijsHooks;
}

function expectPart(there: boolean, part: string): void {
  if (!there) throw new Error(`ltijs is not as expected: ${part}. Rostrum needs exactly ltijs ${VERSION}.`);
}
