import { z } from 'zod';
import type { LinkSettings } from './meeting-settings.ts';

/** The settings as their form holds them: all text, as people type it. */
export type LinkValues = {
  name: string;
  from: string;
  until: string;
  mode: 'automatic' | 'ask';
  video: string;
  transcript: string;
  chat: string;
  visibility: 'published' | 'hidden';
};

export type LinkFault = 'too-long' | 'not-a-day' | 'before-from' | 'nothing-to-bring';
export type LinkFaults = Partial<Record<'name' | 'from' | 'until' | 'bring', LinkFault>>;

export type LinkForm = {
  values: LinkValues;
  /** What the form began with; null for a new link. */
  was: LinkSettings | null;
  /** Links whose days overlap, of which the person was told. */
  seenOverlap: string[];
};

const ON = 'on';
const NAME_LENGTH = 255;

const text = z.string().catch('');
const line = text.transform((typed) => typed.replace(/[\r\n]/g, ' ').trim());

const FORM = z.object({
  name: line,
  from: line,
  until: line,
  mode: z.enum(['automatic', 'ask']).catch('ask'),
  video: text,
  transcript: text,
  chat: text,
  visibility: z.enum(['published', 'hidden']).catch('hidden'),
});

const BESIDE = z.object({
  was: text,
  seenOverlap: text.transform((ids) => ids.split(',').filter((id) => /^\w{1,64}$/.test(id))),
});

const SETTINGS = z.object({
  name: z.string().nullable(),
  from: z.string().nullable(),
  until: z.string().nullable(),
  mode: z.enum(['automatic', 'ask']),
  bring: z.object({ video: z.boolean(), transcript: z.boolean(), chat: z.boolean() }),
  visibility: z.enum(['published', 'hidden']),
});

export function readLinkForm(body: unknown): LinkForm {
  const sent = body ?? {};
  const { was, seenOverlap } = BESIDE.parse(sent);
  return { values: FORM.parse(sent), was: parseWas(was), seenOverlap };
}

function parseWas(was: string): LinkSettings | null {
  try {
    return SETTINGS.parse(JSON.parse(was));
  } catch {
    return null;
  }
}

/** What is wrong with what was typed. `imports`: it is about more than name and dates. */
export function linkFaults(values: LinkValues, imports: boolean): LinkFaults {
  const faults: LinkFaults = {};
  if (values.name.length > NAME_LENGTH) faults.name = 'too-long';
  if (!isDayOrNone(values.from)) faults.from = 'not-a-day';
  if (!isDayOrNone(values.until)) faults.until = 'not-a-day';
  else if (values.from !== '' && values.until !== '' && values.until < values.from) faults.until = 'before-from';
  if (imports && !values.video && !values.transcript && !values.chat) faults.bring = 'nothing-to-bring';
  return faults;
}

function isDayOrNone(day: string): boolean {
  if (day === '') return true;
  const at = /^(?:19|20|21)\d\d-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

/** What the form asks for. Where it is about name and dates alone, everything else stays as it is in `now`. */
export function linkSettings(values: LinkValues, now: LinkSettings, imports: boolean): LinkSettings {
  const { mode, visibility } = values;
  const plain = { name: values.name || null, from: values.from || null, until: values.until || null };
  if (!imports) return { ...now, ...plain };
  const bring = { video: values.video === ON, transcript: values.transcript === ON, chat: values.chat === ON };
  return { ...plain, mode, bring, visibility };
}

/** What the form begins with. */
export function linkValues({ name, from, until, mode, bring, visibility }: LinkSettings): LinkValues {
  const tick = (on: boolean) => (on ? ON : '');
  return {
    ...{ name: name ?? '', from: from ?? '', until: until ?? '', mode, visibility },
    ...{ video: tick(bring.video), transcript: tick(bring.transcript), chat: tick(bring.chat) },
  };
}
