import { remember } from '../lib/remember.ts';

// Moodle: these two packs name a script where a region would stand (LT is Lithuania, CR is Costa Rica).
const MOODLE_SCRIPTS: Record<string, string> = { sr_lt: 'sr-Latn', sr_cr: 'sr-Cyrl' };

const REGIONS = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const SCRIPTS = new Intl.DisplayNames('en', { type: 'script', fallback: 'none' });

/**
 * The BCP 47 tag of a locale as an LMS writes it, or null when it is none. Moodle writes `pt_br`, and names packs of its
 * community like regions or scripts (`de_du`, `en_us_k12`, `de_kids`): what is no real region or script is left out.
 * Canvas adds private parts (`da-x-k12`), which are left out too.
 */
export function toLocale(written: string): string | null {
  const name = written.split(/[.@]/, 1)[0] ?? '';
  return name.length === 0 || name.length > 64 ? null : readName(name);
}

// Every launch names one of the same few, and asking the engine about a tag costs as much as a database read.
const readName = remember((name): string | null => {
  const parts = (MOODLE_SCRIPTS[name.toLowerCase()] ?? name).split(/[-_]/);
  for (let length = parts.length; length > 0; length--) {
    const tag = realTag(parts.slice(0, length).join('-'));
    if (tag) return tag;
  }
  return null;
}, 500);

function realTag(text: string): string | null {
  const locale = parseTag(text);
  if (!locale) return null;
  if (locale.region && !REGIONS.of(locale.region)) return null;
  if (locale.script && !SCRIPTS.of(locale.script)) return null;
  return locale.baseName;
}

function parseTag(text: string): Intl.Locale | null {
  try {
    return new Intl.Locale(text);
  } catch {
    return null;
  }
}
