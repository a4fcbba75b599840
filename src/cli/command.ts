import type { Clock } from '../lib/clock.ts';
import type { CliContext } from './context.ts';
import type { CommandOutcome, FailedOutcome } from './outcome.ts';

/** One option of a command; help and parsing are both made from it. */
export type CommandOption = {
  type: 'string' | 'boolean';
  /** What stands for the value in the help; for strings. */
  value?: string;
  multiple?: boolean;
  required?: boolean;
  help: string;
};

export type CommandInput = { values: Record<string, unknown>; positionals: string[] };

export type Command = {
  /** `platform add` */
  name: string;
  summary: string;
  options: Record<string, CommandOption>;
  positionals: string[];
  run(input: CommandInput, tools: CliTools): Promise<CommandOutcome>;
};

export type CliTools = {
  /** Reads the settings and opens the store once; a failure is what the command answers with. */
  open(): Promise<{ ok: true; value: CliContext } | FailedOutcome>;
  env: Record<string, string | undefined>;
  clock: Clock;
  /** Tells how far a long command has come, a line at a time; never part of its output. */
  tell(line: string): void;
};

/** Runs `act` with the open settings and store. */
export async function withContext(
  tools: CliTools,
  act: (context: CliContext) => Promise<CommandOutcome>,
): Promise<CommandOutcome> {
  const opened = await tools.open();
  return opened.ok ? act(opened.value) : opened;
}
