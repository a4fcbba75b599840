import type { Command, CommandOption } from './command.ts';

/** What `rostrum --help` prints. */
export function overviewHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'rostrum: commands for the people who run it. They use the same settings as the server and work beside it.',
    '',
    'Usage: rostrum COMMAND [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Every command takes --json (one JSON document on the output) and --help.',
  ].join('\n');
}

/** What `rostrum COMMAND --help` prints. */
export function commandHelp({ name, summary, options, positionals }: Command): string {
  const rows = [...Object.entries(options), ['json', JSON_OPTION] as const];
  const flags = rows.map(([flag, option]) => [flagText(flag, option), option.help] as const);
  const width = Math.max(...flags.map(([flag]) => flag.length));
  const required = Object.entries(options).filter(([, option]) => option.required);
  const usage = [...required.map(([flag, option]) => flagText(flag, option)), ...positionals].join(' ');
  return [
    summary,
    '',
    `Usage: rostrum ${name}${usage === '' ? '' : ` ${usage}`}${rows.length > required.length ? ' [options]' : ''}`,
    '',
    ...flags.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`),
  ].join('\n');
}

const JSON_OPTION: CommandOption = { type: 'boolean', help: 'Print one JSON document.' };

function flagText(flag: string, { type, value }: CommandOption): string {
  return type === 'string' ? `--${flag} ${value ?? 'VALUE'}` : `--${flag}`;
}
