import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../config/config.ts';
import { ensureSecretKey } from '../config/secrets.ts';
import { createEncryption } from '../lib/encryption.ts';
import type { KeyStore } from '../lti/lti-store.ts';
import { openPrivateKey } from '../lti/ltijs/key-pairs.ts';
import type { CliTools } from './command.ts';

/** What has to be known of the keys that are sealed in a database before it is used elsewhere; empty when all is well. */
export async function checkSealedKeys(keys: KeyStore, env: CliTools['env']): Promise<string[]> {
  const sealed = await keys.listPublicKeys();
  if (sealed.length === 0) return [];
  const known = secretKeysOf(env);
  if (known === null) {
    return [
      'SECRET_KEY is not known here, so it was not tried whether the key pairs open; the new place needs the old key.',
    ];
  }
  const encryption = createEncryption(known.keys);
  let shut = 0;
  for (const { keyId } of sealed) {
    // It throws when it was sealed with another key.
    await openPrivateKey({ keys, encryption }, keyId).catch(() => shut++);
  }
  return [
    ...(known.path === null
      ? []
      : [`SECRET_KEY is not set, and the key is the one in ${known.path}: set it as SECRET_KEY in the new place.`]),
    ...(shut === 0
      ? []
      : [
          `${shut} of ${sealed.length} key pairs do not open with the SECRET_KEY that is set here; put the key they were sealed with behind it, in the new place too.`,
        ]),
  ];
}

type Known = { keys: [string, ...string[]]; path: string | null };

/** Those of the settings, or the one that a server outside production has made in its folder; none is made here. */
function secretKeysOf(env: CliTools['env']): Known | null {
  const loaded = loadConfig(env);
  if (!loaded.ok) return null;
  const { secrets, config } = loaded;
  if (secrets.secretKeys !== null) return { keys: secrets.secretKeys, path: null };
  const path = join(config.dataDir, 'secret-key');
  return existsSync(path) ? { keys: ensureSecretKey(secrets, config.dataDir).secretKeys, path } : null;
}
