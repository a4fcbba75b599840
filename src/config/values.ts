/** A value that was read, or what is wrong with it and what would be right. The value itself is never in the text. */
export type Parsed<Value> = { ok: true; value: Value } | { ok: false; problem: string };

export type Parser<Value> = (text: string) => Parsed<Value>;

/** One of a few words, in any case. */
export function oneOf<const Word extends string>(words: readonly Word[]): Parser<Word> {
  return (text) => {
    const word = words.find((candidate) => candidate === text.toLowerCase());
    return word ? right(word) : wrong(`is none of ${words.join(', ')}; set one of these`);
  };
}

export const onOrOff: Parser<boolean> = (text) => {
  const word = text.toLowerCase();
  if (['on', 'true', 'yes', '1'].includes(word)) return right(true);
  if (['off', 'false', 'no', '0'].includes(word)) return right(false);
  return wrong('is neither on nor off; set on or off');
};

/** A whole number within bounds. */
export function wholeNumber(least: number, most: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return right(value);
    return wrong(`is not a whole number from ${least} to ${most}`);
  };
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time such as `90s`, `15m`, `24h` or `7d`, as milliseconds. */
export function duration(least: string, most: string): Parser<number> {
  return (text) => {
    const value = durationMs(text);
    if (value === null) return wrong('is not a time; write a number and a unit (s, m, h or d), for example 15m or 24h');
    if (value < (durationMs(least) ?? 0) || value > (durationMs(most) ?? 0)) {
      return wrong(`is out of bounds; set a time from ${least} to ${most}`);
    }
    return right(value);
  };
}

/** The milliseconds of `15m`, `1h`, `90s` or `7d`; null when it is not such a time. */
export function durationMs(text: string): number | null {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s?([smhd])$/i.exec(text) ?? [];
  const factor = UNITS[unit?.toLowerCase() ?? ''];
  return amount === undefined || factor === undefined ? null : Math.round(Number(amount) * factor);
}

/** A part of the whole: `0.2` or `20%`, as a number from 0 to 1. */
export const share: Parser<number> = (text) => {
  const [, amount, percent] = /^(\d{1,3}(?:\.\d{1,6})?)\s?(%?)$/.exec(text) ?? [];
  const value = amount === undefined ? Number.NaN : Number(amount) / (percent ? 100 : 1);
  if (value >= 0 && value <= 1) return right(value);
  return wrong('is not a share; write a number from 0 to 1 or a percentage, for example 0.2 or 20%');
};

/** An https URL; plain http only to this very machine, and only where `allowLoopback` says so. */
export function serviceUrl(allowLoopback: boolean): Parser<string> {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || !/^https?:$/.test(url.protocol)) return wrong('is not a URL; write one that starts with https://');
    if (url.username || url.password) return wrong('carries a user name or password; leave them out');
    if (url.protocol === 'http:' && !(allowLoopback && isLoopback(url.hostname))) {
      return wrong('starts with http://; tokens travel there, so write an https:// address');
    }
    return right(url.href.replace(/\/$/, ''));
  };
}

/** True for names and addresses of the machine itself. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/i.test(hostname);
}

export function right<Value>(value: Value): Parsed<Value> {
  return { ok: true, value };
}

export function wrong(problem: string): { ok: false; problem: string } {
  return { ok: false, problem };
}
