import { type App, createApp, STORE_CLOSES_WITHIN_MS } from './app.ts';
import { closeInOrder } from './closing.ts';
import { type Config, loadConfig } from './config/config.ts';
import { readEnvironment } from './config/env.ts';
import { listenFault } from './config/listen-fault.ts';
import { databaseAddress } from './config/places.ts';
import { type ConfiguredSecrets, ensureSecretKey } from './config/secrets.ts';
import { createLog } from './lib/log.ts';
import type { PlatformStore } from './lti/lti-store.ts';
import { openStorage } from './storage/open.ts';
import { lostFault, openFault, type ShownDatabase } from './storage/open-faults.ts';
import type { Storage } from './storage/storage.ts';

/** The process: read the environment, start, wait for a signal, stop. */
async function main(): Promise<void> {
  const signals = listenToSignals();
  const loaded = loadConfig(readEnvironment());
  for (const { variable, problem } of loaded.warnings) say(`Warning: ${variable} ${problem}`);
  if (!loaded.ok) {
    const lines = loaded.faults.map(({ variable, problem }) => `  ${variable} ${problem}`);
    return refuse(['Rostrum cannot start:', ...lines].join('\n'));
  }
  const { config } = loaded;
  const opened = await openToServe(config, loaded.secrets);
  if (!opened.ok) return refuse(`Rostrum cannot start: ${opened.fault}`);
  const { storage } = opened;
  const log = createLog(config.logLevel);
  const secrets = ensureSecretKey(loaded.secrets, config.dataDir);
  const sandboxUrl = config.sandbox.enabled ? `http://${config.sandbox.host}:${config.sandbox.port}` : null;
  const made = await unlessLost(opened, () => createApp({ config, secrets, storage, log, sandboxUrl }));
  if (!made.ok) {
    const store = { name: 'store', close: storage.close, withinMs: STORE_CLOSES_WITHIN_MS };
    return giveUp(made.fault, () => closeInOrder([[store]], log));
  }
  const app = made.value;
  const starting = start(config, app, opened);
  signals.stopBy(async () => {
    const started = await starting;
    if (!started.ok) return;
    await app.close();
    // After the tool: what it was still asking of the trial's LMSs is answered.
    await started.trial?.close();
  });
  const started = await starting;
  if (!started.ok) return giveUp(started.fault, app.close);
  say(`Rostrum is ready${config.role === 'worker' ? ' as a worker of' : ' at'} ${config.publicUrl}`);
  if (started.trial) say(`Try it: open ${started.trial.url} and launch from a course`);
}

type Opened = { ok: true; storage: Storage; database: ShownDatabase };
type Fault = { ok: false; fault: string };

/** Opens the database as the process that serves from it; the reason is told in one line, and nothing was touched. */
async function openToServe(config: Config, secrets: ConfiguredSecrets): Promise<Opened | Fault> {
  const opened = await openStorage(databaseAddress(config, secrets));
  if (!opened.ok) return { ok: false, fault: openFault(opened, config.database) };
  const storage = opened.value;
  const refusal = await claimServing(storage);
  if (refusal === null) return { ok: true, storage, database: config.database };
  await storage.close();
  return { ok: false, fault: openFault({ reason: refusal }, config.database) };
}

async function claimServing(storage: Storage): Promise<'already-served' | 'not-writable' | null> {
  try {
    return (await storage.claimServing()) ? null : 'already-served';
  } catch (error) {
    if (!storage.isOutage(error)) throw error;
    return 'not-writable';
  }
}

type Trial = Awaited<ReturnType<typeof startTrial>>;
type Started = { ok: true; trial: Trial | null };

/** Opens the ports, then begins what runs beside requests. */
async function start(config: Config, app: App, opened: Opened): Promise<Started | Fault> {
  const opening = await openPorts(config, app, opened);
  if (!opening.ok) return opening;
  const begun = await unlessLost(opened, () => app.startWork());
  if (begun.ok) return opening;
  await opening.trial?.close();
  return begun;
}

async function openPorts(config: Config, app: App, opened: Opened): Promise<Started | Fault> {
  const { port, sandbox } = config;
  try {
    await app.listen();
  } catch (error) {
    return { ok: false, fault: faultOrThrow(error, { variable: 'PORT', port }) };
  }
  if (!sandbox.enabled) return { ok: true, trial: null };
  try {
    const trial = await unlessLost(opened, () => startTrial(config, app, opened.storage.platforms));
    return trial.ok ? { ok: true, trial: trial.value } : trial;
  } catch (error) {
    return { ok: false, fault: faultOrThrow(error, { variable: 'SANDBOX_PORT', port: sandbox.port }) };
  }
}

/** What a step of the start makes, or what is to be said when the store went away during it; throws for bugs. */
async function unlessLost<Value>(
  { storage, database }: Opened,
  step: () => Promise<Value>,
): Promise<{ ok: true; value: Value } | Fault> {
  try {
    return { ok: true, value: await step() };
  } catch (error) {
    if (!storage.isOutage(error)) throw error;
    return { ok: false, fault: lostFault(error, database) };
  }
}

function faultOrThrow(error: unknown, place: Parameters<typeof listenFault>[1]): string {
  const fault = listenFault(error, place);
  if (fault === null) throw error;
  return fault;
}

// Loaded here alone: production never reads the sandbox's code.
async function startTrial(config: Config, app: App, platforms: PlatformStore) {
  const trial = await import('./sandbox/trial.ts');
  return trial.startTrial(config, { ...app, platforms });
}

/**
 * Ends the process at SIGINT and SIGTERM: with 0 when what runs has come to its end, with 1 when that fails or at a second
 * signal. A start that is broken off leaves nothing that the next one would trip over, so it is not waited for.
 */
function listenToSignals(): { stopBy(stop: () => Promise<void>): void } {
  let stop = async () => {};
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
  return {
    stopBy(next) {
      stop = next;
    },
  };
}

/** Ends with 1 after a start that failed halfway; what cannot be closed does not keep the process. */
async function giveUp(fault: string, close: () => Promise<void>): Promise<never> {
  say(`Rostrum cannot start: ${fault}`);
  await close().catch(() => {});
  process.exit(1);
}

function refuse(text: string): void {
  say(text);
  process.exitCode = 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
