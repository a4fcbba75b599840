import type { DepartedOverrides } from '../channels/membership.ts';
import { checkBucket } from './bucket.ts';
import { type Environment, likelyMisspellings, pickKnown } from './env.ts';
import { readNetworks, readTrustProxy, type TrustProxy } from './networks.ts';
import { type FilePlace, type Place, readFiles, readPlace } from './places.ts';
import { type ConfigFault, type ConfigWarning, createReader, type Reader } from './reader.ts';
import { type ConfiguredSecrets, readSecrets, TRIAL_ZOOM_APP } from './secrets.ts';
import { duration, isLoopback, oneOf, onOrOff, serviceUrl, share, wholeNumber } from './values.ts';

/** All settings but the secrets: safe to log. Paths are absolute, times are milliseconds. */
export type Config = Place & {
  production: boolean;
  /** 0 lets the system choose (tests). */
  port: number;
  /** What this process does: requests (`web`), background work (`worker`), or both; other than `all` on MongoDB alone. */
  role: 'all' | 'web' | 'worker';
  /** The trial LMSs; never enabled in production, nor in a process that serves no launches. */
  sandbox: Sandbox;
  trustProxy: TrustProxy;
  /** Networks off the public internet where the operator's own LMSs are. */
  lmsNetworks: string[];
  syncMaxAgeMs: number;
  syncIntervalMs: number;
  departedOverrides: DepartedOverrides;
  /** A sync that would deactivate more than the larger of the two is held. */
  hold: { min: number; share: number };
  /**
   * Null: no Zoom app is set up, and none is tried. `trial` is the sandbox's Zoom, used where the sandbox is on and no app is
   * configured.
   */
  zoom: ZoomApp | null;
  files: FilePlace;
  mailFrom: string | null;
  logLevel: LogLevel;
};

/** `switchedOn`: a process of this site serves it; `enabled`: this one does. */
type Sandbox = { enabled: boolean; switchedOn: boolean; port: number; host: string };

/** The Zoom app of this site; its secrets are in `Secrets`. */
export type ZoomApp = { clientId: string; oauthUrl: string; apiUrl: string; trial: boolean };

type LogLevel = (typeof LOG_LEVELS)[number];

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LoadedConfig =
  | { ok: true; config: Config; secrets: ConfiguredSecrets; warnings: ConfigWarning[] }
  | { ok: false; faults: ConfigFault[]; warnings: ConfigWarning[] };

/** Reads the settings from an environment. All faults are told at once, by variable. */
export function loadConfig(env: Environment): LoadedConfig {
  const reader = createReader(pickKnown(env));
  const nodeEnv = reader.read('NODE_ENV', oneOf(['production', 'development', 'test']), 'development');
  const production = nodeEnv === 'production';
  const port = reader.read('PORT', wholeNumber(0, 65_535), 3000);
  const role = reader.read('ROLE', oneOf(['all', 'web', 'worker']), 'all');
  const sandbox = readSandbox(reader, { production, port, role });
  const config: Config = {
    production,
    port,
    ...readPlace(reader, { production, port }),
    role,
    sandbox,
    trustProxy: reader.read('TRUST_PROXY', readTrustProxy, false),
    lmsNetworks: reader.read('LMS_NETWORKS', readNetworks, []),
    syncMaxAgeMs: reader.read('SYNC_MAX_AGE', duration('0s', '90d'), 3_600_000),
    // Above 24 days a timer of the runtime overflows.
    syncIntervalMs: reader.read('SYNC_INTERVAL', duration('10s', '14d'), 86_400_000),
    departedOverrides: reader.read('DEPARTED_OVERRIDES', oneOf(['deactivate', 'keep']), 'deactivate'),
    hold: {
      min: reader.read('SYNC_HOLD_MIN', wholeNumber(0, 1_000_000), 5),
      share: reader.read('SYNC_HOLD_SHARE', share, 0.2),
    },
    zoom: readZoom(reader, production, sandbox),
    files: readFiles(reader),
    mailFrom: readMailFrom(reader),
    logLevel: reader.read('LOG_LEVEL', oneOf(LOG_LEVELS), 'info'),
  };
  const secrets = readSecrets(reader, { production, zoom: config.zoom });
  checkRole(reader, config);
  checkZoomReturn(reader, config);
  checkBucket(reader, config.files, env);
  warnOfLocalFiles(reader, config);
  warnOfLocalKey(reader, config);
  warnOfSharedAddress(reader, config);
  warnOfIdleSettings(reader);
  const warnings = [...reader.warnings, ...likelyMisspellings(env).map(misspelling)];
  if (reader.faults.length > 0) return { ok: false, faults: reader.faults, warnings };
  return { ok: true, config, secrets, warnings };
}

type Process = Pick<Config, 'production' | 'port' | 'role'>;

function readSandbox(reader: Reader, { production, port, role }: Process): Config['sandbox'] {
  const enabled = reader.read('SANDBOX', onOrOff, !production);
  if (enabled && production) {
    reader.fault(
      'SANDBOX',
      'is on in production, where anybody could sign in through it; set it to off or leave it out',
    );
  }
  const sandboxPort = reader.read('SANDBOX_PORT', wholeNumber(0, 65_535), port === 0 ? 0 : port + 1);
  if (enabled && sandboxPort === port && port !== 0) {
    reader.fault('SANDBOX_PORT', 'is the same as PORT; set another number');
  }
  if (enabled && sandboxPort > 65_535) {
    reader.fault('SANDBOX_PORT', 'is not set and PORT has no next one; set a number from 0 to 65535');
  }
  // One `.env` for web and worker processes may switch it on.
  const host = reader.text('SANDBOX_HOST') ?? '127.0.0.1';
  return { enabled: enabled && role !== 'worker', switchedOn: enabled, port: sandboxPort, host };
}

function readZoom(reader: Reader, production: boolean, sandbox: Config['sandbox']): Config['zoom'] {
  const clientId = reader.text('ZOOM_CLIENT_ID');
  const oauthUrl = reader.read('ZOOM_OAUTH_URL', serviceUrl(!production), 'https://zoom.us/oauth');
  const apiUrl = reader.read('ZOOM_API_URL', serviceUrl(!production), 'https://api.zoom.us/v2');
  if (clientId !== null) return { clientId, oauthUrl, apiUrl, trial: false };
  for (const name of ['ZOOM_OAUTH_URL', 'ZOOM_API_URL'] as const) {
    if (reader.text(name) !== null) reader.warn(name, 'has no effect without ZOOM_CLIENT_ID');
  }
  // A sandbox whose port the system chooses is not known yet.
  if (!sandbox.switchedOn || sandbox.port === 0) return null;
  const zoom = `http://${sandbox.host}:${sandbox.port}/zoom`;
  return { clientId: TRIAL_ZOOM_APP.clientId, oauthUrl: `${zoom}/oauth`, apiUrl: `${zoom}/v2`, trial: true };
}

function readMailFrom(reader: Reader): string | null {
  const from = reader.text('MAIL_FROM');
  if (from !== null && !/^(?:[^<>\r\n]{1,200}<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/.test(from)) {
    reader.fault(
      'MAIL_FROM',
      'is not a mail address; write one such as rostrum@example.edu or Rostrum <rostrum@example.edu>',
    );
  }
  if (from === null && reader.text('SMTP_URL') !== null) {
    reader.fault('MAIL_FROM', 'is not set although SMTP_URL is; set the address that mails come from');
  }
  return from;
}

// A wrong DATABASE_URL has a fault of its own, and may well mean a MongoDB.
function checkRole(reader: Reader, { role, database }: Config): void {
  if (role === 'all' || database.engine === 'mongo') return;
  if (reader.faults.some(({ variable }) => variable === 'DATABASE_URL')) return;
  reader.fault('ROLE', `is ${role}, but SQLite runs in one process; set ROLE=all or a mongodb:// DATABASE_URL`);
}

// Zoom sends people back, and webhooks, to https addresses only; the one exception is a Zoom on this machine, as in tests.
function checkZoomReturn(reader: Reader, { production, publicUrl, zoom }: Config): void {
  if (!zoom || zoom.trial || publicUrl.startsWith('https:') || isLoopback(new URL(zoom.oauthUrl).hostname)) return;
  const problem = 'is set, but PUBLIC_URL starts with http://, where Zoom sends nobody back to; set an https address';
  if (production) reader.fault('ZOOM_CLIENT_ID', problem);
  else reader.warn('ZOOM_CLIENT_ID', problem);
}

// What a worker brings, a web process sends: a folder that each has for itself is none for recordings.
function warnOfLocalFiles(reader: Reader, { role, zoom }: Config): void {
  if (role === 'all' || !zoom || zoom.trial || reader.text('FILES') !== null) return;
  reader.warn(
    'FILES',
    'is not set, so that each process keeps recordings in its own DATA_DIR; set a folder or a bucket that all of them share',
  );
}

function warnOfLocalKey(reader: Reader, { production, database }: Config): void {
  if (production || database.engine !== 'mongo' || reader.text('SECRET_KEY') !== null) return;
  reader.warn(
    'SECRET_KEY',
    'is not set; the key made in DATA_DIR is of this machine alone, and others cannot open what it sealed: set one for all',
  );
}

// An explicit `off` is taken at its word: something in front may pass addresses on at a lower layer.
function warnOfSharedAddress(reader: Reader, { production, publicUrl }: Config): void {
  if (!production || !publicUrl.startsWith('https:') || reader.text('TRUST_PROXY') !== null) return;
  reader.warn(
    'TRUST_PROXY',
    'is not set; behind a proxy all people then share its address, and so one rate limit: set on behind one proxy, or off',
  );
}

/** Settings of parts that are still to come. They are read and checked, so that what is set now is right then. */
const IDLE_SETTINGS = ['SMTP_URL', 'MAIL_FROM'] as const;

function warnOfIdleSettings(reader: Reader): void {
  for (const name of IDLE_SETTINGS) {
    if (reader.text(name) !== null) reader.warn(name, 'has no effect in this version');
  }
}

function misspelling({ name, meant }: { name: string; meant: string }): ConfigWarning {
  return { variable: name, problem: `is not a variable of Rostrum and is ignored; did you mean ${meant}?` };
}
