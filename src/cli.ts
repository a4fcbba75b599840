#!/usr/bin/env node
import { runCli } from './cli/run.ts';
import { runSyncsHere } from './cli/run-syncs.ts';
import { readEnvironment } from './config/env.ts';

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  },
  readEnvironment(),
  { runSyncs: runSyncsHere },
);
