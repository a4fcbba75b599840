import type { Bring, MeetingKind, MeetingLink } from './meeting-link.ts';

/** What a person sets of a link. */
export type LinkSettings = {
  name: string | null;
  /** yyyy-mm-dd, both included; null: without limit. */
  from: string | null;
  until: string | null;
  mode: MeetingLink['mode'];
  bring: Bring;
  visibility: MeetingLink['visibility'];
};

export function settingsOf(link: MeetingLink): LinkSettings {
  const { name, from, until, mode, bring, visibility } = link;
  return { name, from, until, mode, bring, visibility };
}

/**
 * What a new link begins with. A personal room mixes meetings of all kinds, so nothing of it comes in, or is seen, unless
 * somebody chose it; of a meeting that Zoom knows no more nothing new can come.
 */
export function usualSettings(
  kind: MeetingKind,
  { verified, gone }: { verified: boolean; gone: boolean },
): LinkSettings {
  const careful = kind === 'personal-room' || !verified;
  return {
    name: null,
    from: null,
    until: null,
    mode: careful || gone ? 'ask' : 'automatic',
    bring: { video: true, transcript: true, chat: false },
    visibility: careful ? 'hidden' : 'published',
  };
}

type Dates = Pick<LinkSettings, 'from' | 'until'>;

/** Whether a recording could fall into both. */
export function overlap(a: Dates, b: Dates): boolean {
  const before = (end: string | null, start: string | null) => end !== null && start !== null && end < start;
  return !before(a.until, b.from) && !before(b.until, a.from);
}

/** Whether dates let in days that the others do not. */
export function isWider(dates: Dates, than: Dates): boolean {
  const earlier = than.from !== null && (dates.from === null || dates.from < than.from);
  const later = than.until !== null && (dates.until === null || dates.until > than.until);
  return earlier || later;
}
