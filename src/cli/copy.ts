import { loadConfig } from '../config/config.ts';
import { type DatabaseAddress, databaseAddress, readDatabaseAddress } from '../config/places.ts';
import { failure, type Result } from '../lib/result.ts';
import { type CopyFailure, type CopyOptions, type CopyReport, copyAll } from '../storage/copy.ts';
import { openCopyTarget } from '../storage/open.ts';
import { openFault } from '../storage/open-faults.ts';
import { openSqliteSource } from '../storage/sqlite/transfer.ts';
import type { CopySource, CopyTarget } from '../storage/transfer.ts';
import type { CliTools, Command, CommandInput } from './command.ts';
import { configFaults } from './context.ts';
import { checkSealedKeys } from './copy-keys.ts';
import { copyFault, createProgressLines, sourceFault } from './copy-texts.ts';
import { type CommandOutcome, done, type FailedOutcome, failed, misused } from './outcome.ts';

export const copyCommand: Command = {
  name: 'copy',
  summary: 'Copies everything from a SQLite database into a MongoDB, and compares it; servers must be stopped.',
  positionals: [],
  options: {
    from: { type: 'string', value: 'sqlite:PATH', required: true, help: 'What to copy. It is left as it is.' },
    to: {
      type: 'string',
      value: 'mongodb://...',
      help: 'Where to copy it: an empty database. If not given, DATABASE_URL, so that no password stands in the command.',
    },
    'into-existing': {
      type: 'boolean',
      help: 'Copy into a database that has records: those with the same IDs are replaced, all others stay.',
    },
    'start-over': {
      type: 'boolean',
      help: 'Begin an unfinished copy anew; what it wrote into a database that was empty is removed first.',
    },
  },
  async run(input, tools) {
    const places = readPlaces(input, tools);
    if (!('from' in places)) return places;
    const { from, to } = places;
    const source = openSqliteSource(from.path);
    if (!source.ok) return failed(source.reason, sourceFault(source.reason, from.path));
    try {
      const target = await openCopyTarget(to.url);
      if (!target.ok) return failed(target.reason, targetFault(target, places));
      try {
        return await copy({ source: source.value, target: target.value, places, tools }, optionsOf(input));
      } finally {
        await target.value.close();
      }
    } finally {
      source.value.close();
    }
  },
};

type Places = {
  from: Extract<DatabaseAddress, { engine: 'sqlite' }>;
  to: Extract<DatabaseAddress, { engine: 'mongo' }>;
  /** Where the address of the target stands. */
  toldBy: '--to' | 'DATABASE_URL';
};

function readPlaces({ values }: CommandInput, { env }: CliTools): Places | FailedOutcome {
  const from = readDatabaseAddress(String(values.from));
  if (!from.ok) return misused(`--from ${from.problem}.`);
  const to = values.to === undefined ? targetOfSettings(env) : readDatabaseAddress(String(values.to));
  if (!to.ok) return 'problem' in to ? misused(`--to ${to.problem}.`) : to;
  if (from.value.engine !== 'sqlite') {
    return misused(
      '--from is a MongoDB; mongodump and mongorestore move one elsewhere, and there is no way back to SQLite.',
    );
  }
  if (to.value.engine !== 'mongo') {
    const instead = 'a copy of a SQLite database is made by "rostrum backup"';
    return misused(`${values.to === undefined ? 'DATABASE_URL' : '--to'} is no MongoDB; ${instead}.`);
  }
  return { from: from.value, to: to.value, toldBy: values.to === undefined ? 'DATABASE_URL' : '--to' };
}

function targetOfSettings(env: CliTools['env']): { ok: true; value: DatabaseAddress } | FailedOutcome {
  const loaded = loadConfig(env);
  if (!loaded.ok) return failed('bad-config', configFaults(loaded.faults));
  return { ok: true, value: databaseAddress(loaded.config, loaded.secrets) };
}

function optionsOf({ values }: CommandInput): CopyOptions {
  return { intoExisting: values['into-existing'] === true, startOver: values['start-over'] === true };
}

function targetFault(opened: Parameters<typeof openFault>[0], { to, toldBy }: Places): string {
  return `${openFault(opened, to).replaceAll('DATABASE_URL', toldBy)}.`;
}

type Work = { source: CopySource; target: CopyTarget; places: Places; tools: CliTools };

async function copy({ source, target, places, tools }: Work, options: CopyOptions): Promise<CommandOutcome> {
  const warnings = await checkSealedKeys(source.keys, tools.env);
  const progress = createProgressLines(tools.tell);
  const copied = await unlessAway(target, () => copyAll({ source, target, clock: tools.clock, progress }, options));
  if (!copied.ok) return failed(copied.reason, copyFault(copied, places.to.place));
  return report(copied.value, { places, warnings });
}

async function unlessAway<Value>(
  target: CopyTarget,
  work: () => Promise<Result<Value, CopyFailure>>,
): Promise<Result<Value, CopyFailure | 'unreachable'>> {
  try {
    return await work();
  } catch (error) {
    if (!target.isOutage(error)) throw error;
    return failure('unreachable');
  }
}

function report(
  { finishedBefore, resumed, kinds }: CopyReport,
  { places, warnings }: { places: Places; warnings: string[] },
): CommandOutcome {
  const { from, to } = places;
  const total = kinds.reduce((sum, { records }) => sum + records, 0);
  const before = finishedBefore === null ? null : new Date(finishedBefore).toISOString();
  const first =
    before === null
      ? `${from.path} is copied to MongoDB ${to.place}: ${total} records, each of them read there again and found the same.`
      : `${from.path} was copied to MongoDB ${to.place} already, at ${before}; nothing was changed.`;
  const next =
    'Set DATABASE_URL to the new address and keep SECRET_KEY as it is: the keys in the database are sealed with it.';
  const json = { from: from.path, to: to.place, records: total, kinds, resumed, finishedBefore: before, warnings };
  return done(json, [first, next, ...warnings.map((text) => `Warning: ${text}`)].join('\n'));
}
