import type { Reader, TimeText } from '../lib/reader.ts';
import type { ChannelLinks } from './channel-links.ts';
import { isAtLeast } from './permission-level.ts';
import type { Viewer } from './viewer.ts';

/** A part of the channel's first page that another domain tells, as facts; `views/channels/section.ejs` prints it. */
export type ChannelSection = {
  id: 'recordings' | 'meetings';
  title: string;
  /** Few; the rest is behind `more`. */
  items: SectionItem[];
  /** Something about all of them that must be known, or null. */
  note: string | null;
  /** The way to the section's own page, or null. */
  more: SectionLink | null;
  /** What stands there while there are no items: what will come, from whom, and the next step. */
  empty: { title: string; text: string; action: SectionLink | null };
};

export type SectionItem = {
  title: string;
  /** Where the title leads, or null. */
  href: string | null;
  /** Facts below the title, each in a line of its own. */
  lines: SectionLine[];
  /** A word that marks it ("Not verified"), or null. */
  badge: string | null;
  /** The button beside it, or null. */
  action: SectionLink | null;
};

export type SectionLine = { text: string } | { time: TimeText; text?: string };

/** `label` is what a screen reader says when `text` alone does not tell what it is about. */
export type SectionLink = { text: string; href: string; label?: string; newTab?: boolean };

/** Tells a section of a channel to somebody who may see the channel; null leaves it out. */
export type SectionProvider = (viewer: Viewer, reader: Reader, links: ChannelLinks) => Promise<ChannelSection | null>;

/** A section with nothing in it, in the words for who looks. */
export function emptySection(
  id: ChannelSection['id'],
  { level }: Pick<Viewer, 'level'>,
  { t }: Pick<Reader, 't'>,
  action: SectionLink | null = null,
): ChannelSection {
  const reading = level === null ? 'visitor' : isAtLeast(level, 'contributor') ? 'staff' : 'student';
  const empty = { title: t(`${id}.${reading}.empty`), text: t(`${id}.${reading}.next`), action };
  return { id, title: t(`${id}.title`), items: [], note: null, more: null, empty };
}
