import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConfiguredSecrets, ensureSecretKey } from '../../src/config/secrets.ts';

const NONE: ConfiguredSecrets = {
  secretKeys: null,
  zoom: null,
  metricsToken: null,
  smtpUrl: null,
  databaseUrl: null,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rostrum-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the secret key', () => {
  it('is made once, in a folder that may not exist yet, and is the same at the next start', () => {
    const dataDir = join(folder, 'deep', 'data');
    const first = ensureSecretKey(NONE, dataDir).secretKeys;
    expect(first).toHaveLength(1);
    expect(first[0].length).toBeGreaterThanOrEqual(43);
    expect(ensureSecretKey(NONE, dataDir).secretKeys).toEqual(first);
    expect(readdirSync(dataDir)).toEqual(['secret-key']);
  });

  it('can be read by its owner alone', () => {
    ensureSecretKey(NONE, folder);
    expect(statSync(join(folder, 'secret-key')).mode & 0o777).toBe(0o600);
  });

  it('is not made when one is configured', () => {
    const configured = { ...NONE, secretKeys: ['configured'] as [string] };
    expect(ensureSecretKey(configured, folder).secretKeys).toEqual(['configured']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is not replaced when the file was damaged: what it sealed would be lost', () => {
    writeFileSync(join(folder, 'secret-key'), 'oops');
    expect(() => ensureSecretKey(NONE, folder)).toThrow(/not a secret key/);
  });
});
