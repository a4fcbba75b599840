import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSecret, type Random, systemRandom } from '../lib/ids.ts';
import { readMongoUrl } from './mongo-url.ts';
import type { Reader } from './reader.ts';
import { type Parsed, right, wrong } from './values.ts';

/** What must never be logged; apart from `Config` for that reason. */
export type Secrets = {
  /** Newest first: the first seals, all open. */
  secretKeys: [string, ...string[]];
  /** Null when there is no Zoom app. */
  zoom: ZoomSecrets | null;
  metricsToken: string | null;
  smtpUrl: string | null;
  /** The address of the MongoDB, with user and password; null on SQLite. */
  databaseUrl: string | null;
};

/** `webhooks`: newest first, for Zoom's secret token can be renewed; each of them is taken. */
export type ZoomSecrets = { client: string; webhooks: [string, ...string[]] };

/** The app that the sandbox's Zoom knows. It is on this machine alone, so its secrets are none. */
export const TRIAL_ZOOM_APP = {
  clientId: 'rostrum-trial',
  secrets: { client: 'trial-client-secret', webhooks: ['trial-webhook-secret'] } satisfies ZoomSecrets,
};

/** Secrets as configured: outside production the secret key may still have to be made. */
export type ConfiguredSecrets = Omit<Secrets, 'secretKeys'> & { secretKeys: Secrets['secretKeys'] | null };

const LEAST_KEY_LENGTH = 32;
const HOW_TO_MAKE_ONE = 'make one with: openssl rand -base64 48';

export function readSecrets(
  reader: Reader,
  { production, zoom }: { production: boolean; zoom: { trial: boolean } | null },
): ConfiguredSecrets {
  if (production && reader.text('SECRET_KEY') === null) {
    reader.fault('SECRET_KEY', `is not set; it protects stored keys and tokens, ${HOW_TO_MAKE_ONE}`);
  }
  requireTogether(reader);
  return {
    secretKeys: reader.read('SECRET_KEY', keyList, null),
    zoom: zoom?.trial ? TRIAL_ZOOM_APP.secrets : readZoomSecrets(reader),
    metricsToken: reader.read('METRICS_TOKEN', token, null),
    smtpUrl: reader.read('SMTP_URL', smtpUrl, null),
    databaseUrl: readDatabaseUrl(reader),
  };
}

function readZoomSecrets(reader: Reader): ZoomSecrets | null {
  const client = reader.text('ZOOM_CLIENT_SECRET');
  const webhooks = reader.read('ZOOM_WEBHOOK_SECRET', webhookSecrets, null);
  return client === null || webhooks === null ? null : { client, webhooks };
}

function webhookSecrets(text: string): Parsed<ZoomSecrets['webhooks']> {
  const [newest, ...older] = text.split(',').map((secret) => secret.trim());
  const all = [newest ?? '', ...older] as ZoomSecrets['webhooks'];
  // Whoever knows the secret speaks for Zoom, and an empty one is known to all.
  if (all.some((secret) => secret === '' || /\s/.test(secret))) {
    return wrong('has an empty secret or one with blanks; write the secret token of the app, or NEW,OLD to renew it');
  }
  return right(all);
}

// What is wrong with it is told where its place is read.
function readDatabaseUrl(reader: Reader): string | null {
  const read = readMongoUrl(reader.text('DATABASE_URL') ?? '');
  return read.ok ? read.value.url : null;
}

/**
 * The secrets with a secret key: the configured one, else (outside production) the one in `DATA_DIR/secret-key`, which
 * is made at the first start and readable by its owner alone. Throws when the folder cannot be written.
 */
export function ensureSecretKey(secrets: ConfiguredSecrets, dataDir: string, random: Random = systemRandom): Secrets {
  const { secretKeys } = secrets;
  return { ...secrets, secretKeys: secretKeys ?? [keptKey(dataDir, random)] };
}

function keptKey(dataDir: string, random: Random): string {
  const path = join(dataDir, 'secret-key');
  const known = readKey(path);
  if (known) return known;
  mkdirSync(dataDir, { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, `${newSecret(random)}\n`, { mode: 0o600 });
  try {
    // A link is made by one process only and shows the whole file at once: server and command line may start together.
    linkSync(draft, path);
    chmodSync(path, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const made = readKey(path);
  if (!made) throw new Error(`${path} is not a secret key; remove it, or set SECRET_KEY`);
  return made;
}

function readKey(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text.length >= LEAST_KEY_LENGTH ? text : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

// Half a Zoom app cannot work: connecting needs all of ID and secret, and webhooks are checked with theirs.
function requireTogether(reader: Reader): void {
  const zoom = ['ZOOM_CLIENT_ID', 'ZOOM_CLIENT_SECRET', 'ZOOM_WEBHOOK_SECRET'] as const;
  const missing = zoom.filter((name) => reader.text(name) === null);
  if (missing.length === 0 || missing.length === zoom.length) return;
  for (const name of missing) {
    reader.fault(name, 'is not set although other settings of the Zoom app are; set all of them or none');
  }
}

function keyList(text: string): Parsed<Secrets['secretKeys']> {
  const [first, ...older] = text.split(',').map((key) => key.trim());
  const all = [first ?? '', ...older] as Secrets['secretKeys'];
  if (all.some((key) => key.length < LEAST_KEY_LENGTH)) {
    return wrong(`has a key of fewer than ${LEAST_KEY_LENGTH} characters; ${HOW_TO_MAKE_ONE}`);
  }
  if (all.some((key) => new Set(key).size < 10)) return wrong(`has a key that can be guessed; ${HOW_TO_MAKE_ONE}`);
  return right(all);
}

function token(text: string): Parsed<string> {
  return text.length >= 16 && !/\s/.test(text) ? right(text) : wrong('is shorter than 16 characters or has blanks');
}

function smtpUrl(text: string): Parsed<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  const good = url && /^smtps?:$/.test(url.protocol) && url.hostname !== '';
  return good ? right(text) : wrong('is not a mail server; write smtp://user:password@host:587 or smtps://host');
}
