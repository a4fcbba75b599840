import type { EnvName } from './env.ts';
import type { Parser } from './values.ts';

/** One wrong variable: `problem` says what is wrong and what would be right, and never shows the value. */
export type ConfigFault = { variable: string; problem: string };

export type ConfigWarning = ConfigFault;

/** Reads variables one by one and gathers what is wrong with them. */
export type Reader = {
  /** The parsed value; `fallback` when it is not set, and also when it is wrong (then a fault is kept). */
  read<Value, Fallback>(name: EnvName, parse: Parser<Value>, fallback: Fallback): Value | Fallback;
  text(name: EnvName): string | null;
  fault(name: EnvName, problem: string): void;
  warn(name: EnvName, problem: string): void;
  faults: ConfigFault[];
  warnings: ConfigWarning[];
};

export function createReader(values: Partial<Record<EnvName, string>>): Reader {
  const faults: ConfigFault[] = [];
  const warnings: ConfigWarning[] = [];
  return {
    faults,
    warnings,
    read(name, parse, fallback) {
      const text = values[name];
      if (text === undefined) return fallback;
      const parsed = parse(text);
      if (parsed.ok) return parsed.value;
      faults.push({ variable: name, problem: parsed.problem });
      return fallback;
    },
    text: (name) => values[name] ?? null,
    fault: (variable, problem) => void faults.push({ variable, problem }),
    warn: (variable, problem) => void warnings.push({ variable, problem }),
  };
}
