import { parseArgs } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/clock.ts';
import { logError } from '../lib/log-error.ts';
import { apiKeyCommands } from './api-key.ts';
import { backupCommands } from './backup.ts';
import type { Command, CommandInput } from './command.ts';
import { type CliContext, openContext, type RunSyncs } from './context.ts';
import { copyCommand } from './copy.ts';
import { doctorCommand } from './doctor.ts';
import { commandHelp, overviewHelp } from './help.ts';
import { type CliIo, type CommandOutcome, type FailedOutcome, misused } from './outcome.ts';
import { platformCommands } from './platform.ts';
import { registrationInviteCommands } from './registration-invite.ts';
import { syncCommand } from './sync.ts';

export type CliOptions = {
  clock?: Clock;
  /** Does queued syncs in this process; without it the server does them. */
  runSyncs?: RunSyncs;
};

const COMMANDS: readonly Command[] = [
  ...platformCommands,
  ...registrationInviteCommands,
  ...apiKeyCommands,
  syncCommand,
  doctorCommand,
  ...backupCommands,
  copyCommand,
];

/**
 * Runs one command and returns the exit code: 0, 1 when it failed, 2 when the command line is wrong. With `--json`
 * exactly one JSON document is written to `io.out`, failures too.
 */
export async function runCli(
  argv: readonly string[],
  io: CliIo,
  env: Record<string, string | undefined>,
  options: CliOptions = {},
): Promise<number> {
  const json = argv.includes('--json');
  const command = COMMANDS.find(({ name }) => isPrefix(name.split(' '), argv));
  if (!command || argv.includes('--help') || argv.includes('-h')) return explain(argv, io, command, json);
  const parsed = parse(command, argv.slice(command.name.split(' ').length));
  if ('code' in parsed)
    return report(io, json, { ...parsed, message: `${parsed.message}\nSee: rostrum ${command.name} --help` });
  return report(io, json, await execute(command, parsed, { io, env, options }));
}

function isPrefix(words: string[], argv: readonly string[]): boolean {
  return words.every((word, i) => argv[i] === word);
}

function explain(argv: readonly string[], io: CliIo, command: Command | undefined, json: boolean): number {
  const words = argv.filter((word) => !word.startsWith('-'));
  const known = command !== undefined || words.length === 0 || (words[0] ?? '') === 'help';
  const group = COMMANDS.filter(({ name }) => words.length > 0 && name.startsWith(`${words[0]} `));
  if (known || (group.length > 0 && argv.some((word) => word === '--help' || word === '-h'))) {
    io.out(command ? commandHelp(command) : overviewHelp(group.length > 0 ? group : COMMANDS));
    // Without a command there is nothing that was done.
    return argv.length === 0 ? 2 : 0;
  }
  const names = (group.length > 0 ? group : COMMANDS).map(({ name }) => name).join(', ');
  return report(io, json, misused(`There is no such command. These are: ${names}.`));
}

function parse(command: Command, args: string[]): CommandInput | FailedOutcome {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, multiple }]) => [name, { type, multiple: multiple ?? false }]),
  );
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...options, json: { type: 'boolean' } },
      allowPositionals: command.positionals.length > 0,
    });
    const given = new Set(Object.keys(values));
    const missing = Object.entries(command.options).filter(([name, { required }]) => required && !given.has(name));
    if (missing.length > 0) return misused(`Missing: ${missing.map(([name]) => `--${name}`).join(', ')}.`);
    if (positionals.length !== command.positionals.length) {
      return misused(`Give exactly: ${command.positionals.join(' ')}.`);
    }
    return { values, positionals };
  } catch (error) {
    // parseArgs throws for unknown options and missing values, with a text fit for people.
    return misused(error instanceof Error ? error.message : String(error));
  }
}

async function execute(
  command: Command,
  input: CommandInput,
  { io, env, options }: { io: CliIo; env: Record<string, string | undefined>; options: CliOptions },
): Promise<CommandOutcome> {
  const { clock = systemClock, runSyncs = null } = options;
  let context: CliContext | null = null;
  try {
    return await command.run(input, {
      env,
      clock,
      tell: io.err,
      async open() {
        const opened = await openContext({ env, clock, runSyncs });
        if (opened.ok) context = opened.value;
        return opened;
      },
    });
  } catch (error) {
    return { ok: false, code: 'unexpected', message: `${command.name} broke off: ${logError(error).message}` };
  } finally {
    await (context as CliContext | null)?.close();
  }
}

function report(io: CliIo, json: boolean, outcome: CommandOutcome): number {
  if (outcome.ok) {
    io.out(json ? JSON.stringify(outcome.json, null, 2) : outcome.text);
    return outcome.failed ? 1 : 0;
  }
  const { code, message } = outcome;
  if (json) io.out(JSON.stringify({ error: { code, message } }, null, 2));
  else io.err(message);
  return outcome.usage ? 2 : 1;
}
