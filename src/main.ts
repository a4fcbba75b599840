import { pino } from 'pino';
import { type App, createApp } from './app.ts';
import { type Config, loadConfig } from './config/config.ts';
import { readEnvironment } from './config/env.ts';
import { listenFault } from './config/listen-fault.ts';
import { ensureSecretKey } from './config/secrets.ts';
import type { PlatformStore } from './lti/lti-store.ts';
import { openSqlite } from './storage/sqlite/open.ts';

/** The process: read the environment, start, wait for a signal, stop. */
async function main(): Promise<void> {
  const loaded = loadConfig(readEnvironment());
  for (const { variable, problem } of loaded.warnings) say(`Warning: ${variable} ${problem}`);
  if (!loaded.ok) {
    say('Rostrum cannot start:');
    for (const { variable, problem } of loaded.faults) say(`  ${variable} ${problem}`);
    process.exitCode = 1;
    return;
  }
  const { config } = loaded;
  const opened = openSqlite({ path: config.database.path });
  if (!opened.ok) {
    say(`Rostrum cannot start: ${STORAGE_FAULTS[opened.reason]} (${config.database.path})`);
    process.exitCode = 1;
    return;
  }
  const log = pino({ level: config.logLevel });
  const secrets = ensureSecretKey(loaded.secrets, config.dataDir);
  const storage = opened.value;
  const sandboxUrl = config.sandbox.enabled ? `http://${config.sandbox.host}:${config.sandbox.port}` : null;
  const app = await createApp({ config, secrets, storage, log, sandboxUrl });
  const opening = await openPorts(config, app, storage.platforms);
  if (!opening.ok) {
    await app.close();
    say(`Rostrum cannot start: ${opening.fault}`);
    process.exitCode = 1;
    return;
  }
  const { trial } = opening;
  await app.startWork();
  say(`Rostrum is ready at ${config.publicUrl}`);
  if (trial) say(`Try it: open ${trial.url} and launch from a course`);
  stopOnSignal(async () => {
    await trial?.close();
    await app.close();
  });
}

type Trial = Awaited<ReturnType<typeof startTrial>>;

async function openPorts(
  config: Config,
  app: App,
  platforms: PlatformStore,
): Promise<{ ok: true; trial: Trial | null } | { ok: false; fault: string }> {
  const { port, sandbox } = config;
  try {
    await app.listen();
  } catch (error) {
    return { ok: false, fault: faultOrThrow(error, { variable: 'PORT', port }) };
  }
  try {
    return { ok: true, trial: sandbox.enabled ? await startTrial(config, app, platforms) : null };
  } catch (error) {
    return { ok: false, fault: faultOrThrow(error, { variable: 'SANDBOX_PORT', port: sandbox.port }) };
  }
}

function faultOrThrow(error: unknown, place: Parameters<typeof listenFault>[1]): string {
  const fault = listenFault(error, place);
  if (fault === null) throw error;
  return fault;
}

const STORAGE_FAULTS = {
  'newer-schema': 'the database was written by a newer version; start that version, or restore a backup',
  'not-a-database': 'the file is no database of Rostrum; set DATABASE_URL to another path',
  'not-writable': 'the database cannot be opened for writing; check the folder, its rights and the space left',
};

// Loaded here alone: production never reads the sandbox's code.
async function startTrial(config: Config, app: App, platforms: PlatformStore) {
  const trial = await import('./sandbox/trial.ts');
  return trial.startTrial(config, { ...app, platforms });
}

function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal does not wait.
      if (stopping) process.exit(1);
      stopping = true;
      stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
