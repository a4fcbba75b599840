#!/usr/bin/env node
import { runCli } from './cli/run.ts';
import { runSyncsHere } from './cli/run-syncs.ts';
import { readEnvironment } from './config/env.ts';

const exitCode = await runCli(
  process.argv.slice(2),
  {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  },
  readEnvironment(),
  { runSyncs: runSyncsHere },
);

// Everything is closed, but the job engine leaves timers that would keep the process for seconds. What was written goes out first.
process.exitCode = exitCode;
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
