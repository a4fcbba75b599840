import { recordActivity } from '../channels/activity.ts';
import type { ChannelId } from '../channels/channel.ts';
import type { ActivityEvent } from '../channels/channel-store.ts';
import type { SyncRun } from '../channels/sync-run.ts';
import { createSyncService } from '../channels/sync-service.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { databaseAddress } from '../config/places.ts';
import { ensureSecretKey, type Secrets } from '../config/secrets.ts';
import type { Clock } from '../lib/clock.ts';
import { createEncryption, type Encryption } from '../lib/encryption.ts';
import { createGuardedHttp } from '../lib/guarded-http.ts';
import type { HttpClient } from '../lib/http-client.ts';
import { systemRandom } from '../lib/ids.ts';
import { success } from '../lib/result.ts';
import type { LtiEngine } from '../lti/ltijs/engine.ts';
import { createRegistrationInvites } from '../lti/registration-invites.ts';
import { openStorage } from '../storage/open.ts';
import { openFault } from '../storage/open-faults.ts';
import type { Storage } from '../storage/storage.ts';
import { type FailedOutcome, failed } from './outcome.ts';

/** What commands work with: the settings and store of the server, and the few things it does for them. */
export type CliContext = {
  config: Config;
  secrets: Secrets;
  storage: Storage;
  encryption: Encryption;
  http: HttpClient;
  clock: Clock;
  engine(): Promise<LtiEngine>;
  createInvite: ReturnType<typeof createRegistrationInvites>['create'];
  /** Null: no such channel. */
  requestSync(channelId: ChannelId): Promise<{ run: SyncRun; created: boolean } | null>;
  runSyncs: RunSyncs | null;
  /** Leaves a trace of a command in the activity of the site. */
  note(event: Pick<ActivityEvent, 'action'> & Partial<ActivityEvent>): Promise<void>;
  close(): Promise<void>;
};

/** Does queued syncs here and now; resolves when they have come to their ends. */
export type RunSyncs = (context: CliContext, runs: readonly SyncRun[]) => Promise<void>;

type Environment = Record<string, string | undefined>;

/** Reads the settings and opens the store; all faults of the settings are told at once. */
export async function openContext(options: {
  env: Environment;
  clock: Clock;
  runSyncs: RunSyncs | null;
}): Promise<{ ok: true; value: CliContext } | FailedOutcome> {
  const loaded = loadConfig(options.env);
  if (!loaded.ok) return failed('bad-config', configFaults(loaded.faults));
  const { config } = loaded;
  const opened = await openStorage(databaseAddress(config, loaded.secrets));
  if (!opened.ok) return failed(opened.reason, `${openFault(opened, config.database)}.`);
  const secrets = ensureSecretKey(loaded.secrets, config.dataDir);
  return success(createContext({ config, secrets, storage: opened.value, ...options }));
}

export function configFaults(faults: readonly { variable: string; problem: string }[]): string {
  return ['The settings are not right:', ...faults.map(({ variable, problem }) => `  ${variable} ${problem}`)].join(
    '\n',
  );
}

type Parts = {
  config: Config;
  secrets: Secrets;
  storage: Storage;
  clock: Clock;
  runSyncs: RunSyncs | null;
};

function createContext({ config, secrets, storage, clock, runSyncs }: Parts): CliContext {
  const random = systemRandom;
  const encryption = createEncryption(secrets.secretKeys);
  const http = createGuardedHttp({
    allowLoopbackHttp: !config.production,
    networks: config.lmsNetworks,
    userAgent: 'Rostrum',
  });
  const engine = startLater({ config, secrets, storage, encryption, http, clock });
  const { publicUrl } = config;
  const invites = createRegistrationInvites({ invites: storage.invites, clock, random, publicUrl });
  const note: CliContext['note'] = async (event) => {
    await recordActivity({ activity: storage.activity, clock, random }, { actor: 'command', ...event });
  };
  // The server, or `runSyncs`, takes queued runs from the store.
  const queue = { enqueue() {} };
  const syncs = createSyncService({ ...storage, queue, clock, random, maxAgeMs: config.syncMaxAgeMs });
  return {
    config,
    secrets,
    storage,
    encryption,
    http,
    clock,
    engine: engine.get,
    createInvite: invites.create,
    requestSync: (channelId) => syncs.request({ channelId, trigger: 'command', requestedBy: null }),
    runSyncs,
    note,
    async close() {
      await engine.close();
      await http.close();
      await storage.close();
    },
  };
}

type EngineDeps = Pick<CliContext, 'config' | 'secrets' | 'storage' | 'encryption' | 'http' | 'clock'>;

/** Starts the LTI engine at its first use: loading its library takes half a second that other commands need not wait for. */
function startLater({ config, secrets, storage, ...deps }: EngineDeps) {
  let started: Promise<LtiEngine> | null = null;
  async function start(): Promise<LtiEngine> {
    const { createLtiEngine } = await import('../lti/ltijs/engine.ts');
    const { platforms, keys } = storage;
    return createLtiEngine({ ...deps, platforms, keys, secret: secrets.secretKeys[0], publicUrl: config.publicUrl });
  }
  return {
    get(): Promise<LtiEngine> {
      started ??= start();
      return started;
    },
    async close(): Promise<void> {
      if (started) await (await started).close();
    },
  };
}
