import type { Request } from 'express';
import type { SandboxCourse } from '../../src/sandbox/course.ts';
import { csrfTokenOf } from '../../src/web/csrf-token.ts';
import { cookieHeader } from './attacker.ts';
import type { Visitor } from './visitor.ts';

/** The settings form of the present page as a browser would send it. */
export function settingsFields(visitor: Visitor): Record<string, string> {
  const form = /<form\b[^>]*class="settings"[\s\S]*?<\/form>/.exec(visitor.html)?.[0];
  if (!form) throw new Error(`no settings form on ${visitor.url}`);
  const fields: Record<string, string> = {};
  for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(tag, 'name');
    const chosen = !/type="(radio|checkbox)"/.test(tag) || /\schecked/.test(tag);
    if (name !== null && chosen) fields[name] = attribute(tag, 'value') ?? '';
  }
  for (const [, tag = '', text = ''] of form.matchAll(/<textarea\b([^>]*)>\n?([\s\S]*?)<\/textarea>/g)) {
    fields[attribute(tag, 'name') ?? ''] = decode(text);
  }
  return fields;
}

/** Opens the settings, or takes the form of the present page, and sends it with `changes`; null leaves a field out. */
export async function saveSettings(
  visitor: Visitor,
  channel: string,
  changes: Record<string, string | null>,
  how: { open?: boolean } = {},
): Promise<Visitor> {
  if (how.open !== false) await visitor.get(withAs(visitor, `/channels/${channel}/settings`));
  const fields = Object.entries({ ...settingsFields(visitor), ...changes });
  const sent = Object.fromEntries(fields.filter((field): field is [string, string] => field[1] !== null));
  return visitor.post(withAs(visitor, `/channels/${channel}/settings`), sent, sameOrigin(visitor));
}

export function sameOrigin(visitor: Visitor): Record<string, string> {
  return { origin: new URL(visitor.url).origin, 'sec-fetch-site': 'same-origin' };
}

/** The session's form token, also where a page shows no form. */
export function tokenOf(visitor: Visitor): string {
  return csrfTokenOf({ headers: { cookie: cookieHeader(visitor) } } as Request) ?? '';
}

/** An address with the launch that the visitor came by, wherever they have been since. */
export function withAs(visitor: Visitor, path: string): string {
  const as = new URL(visitor.url).searchParams.get('as') ?? cameBy.get(visitor) ?? '';
  cameBy.set(visitor, as);
  return `${path}${path.includes('?') ? '&' : '?'}as=${as}`;
}

const cameBy = new WeakMap<Visitor, string>();

/** Somebody of one course who is not in the other. */
export function strangerTo(course: SandboxCourse, from: SandboxCourse): string {
  const id = [...from.enrolments.values()].find(
    ({ person, state, roles }) => state === 'active' && roles.includes('student') && !course.enrolments.has(person.id),
  )?.person.id;
  if (id === undefined) throw new Error('everybody is in both courses');
  return id;
}

function attribute(tag: string, name: string): string | null {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? null : decode(found);
}

function decode(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#34': '"' };
  return text.replace(/&(amp|lt|gt|quot|#39|#34);/g, (_all, name: string) => named[name] ?? '');
}
