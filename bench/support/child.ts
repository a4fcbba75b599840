import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of a measurement. Questions go over its own pipe, so that asking costs the measured port nothing. */
export type Child = {
  ask<Answer>(verb: string, argument?: unknown): Promise<Answer>;
  stop(): Promise<void>;
};

type Question = { id: number; verb: string; argument: unknown };
type Answer = { id: number; value?: unknown; error?: string };

/** Starts `servers/<name>`. Its standard output goes nowhere: writing a log must not depend on who reads it. */
export function startChild(name: string, env: Record<string, string> = {}): Child {
  const child = fork(new URL(`../servers/${name}.js`, import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
    execArgv: [],
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let next = 0;
  child.on('message', ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(new Error(`${name}: ${error}`));
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended with ${code}`));
  });
  return {
    ask: (verb, argument) =>
      new Promise((resolve, reject) => {
        const question: Question = { id: next++, verb, argument };
        waiting.set(question.id, { resolve: resolve as (value: unknown) => void, reject });
        child.send(question);
      }),
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** The other side: answers questions until the one who asks is gone. Every process also tells its CPU time. */
export function answerQuestions(verbs: Record<string, (argument: never) => unknown>): void {
  const all: Record<string, (argument: never) => unknown> = { cpu: cpuMs, ...verbs };
  process.on('message', async ({ id, verb, argument }: Question) => {
    try {
      process.send?.({ id, value: await all[verb]?.(argument as never) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? String(error.stack) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(0));
}

/** CPU time of this process so far, in milliseconds, on all its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
