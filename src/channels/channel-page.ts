import type { Reader } from '../lib/reader.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { ChannelSection } from './channel-sections.ts';
import type { MemberCounts } from './channel-store.ts';
import { PERMISSION_LEVELS } from './permission-level.ts';
import { type RosterPanel, type RosterState, rosterPanel } from './roster-page.ts';
import type { Viewer } from './viewer.ts';

/** The channel's first page. Students get nothing but the course, their own role and what will come for them. */
export type ChannelPage = {
  title: string;
  head: ChannelHead;
  /** What a manager wrote about the channel; null for nothing. */
  description: string | null;
  tags: string[];
  /** "Are my students in?"; null for those who may not see members. */
  people: PeopleAnswer | null;
  roster: RosterPanel | null;
  /** What students and visitors read instead: that they are in, and what they can see. */
  welcome: { title: string; body: string } | null;
  sections: ChannelSection[];
};

type PeopleAnswer = {
  answer: string;
  levels: { number: string; text: string; href: string }[];
  /** Who has no access, and what is set by hand. */
  asides: { text: string; href: string }[];
};

export type ChannelFacts = { counts: MemberCounts; roster: RosterState };

/** `facts` are null for those who may not see them, so that they are not even read. */
export function channelPage(
  viewer: Viewer,
  facts: ChannelFacts | null,
  page: { links: ChannelLinks; reader: Reader; place: HeadPlace; sections: ChannelSection[] },
): ChannelPage {
  const { links, reader, place } = page;
  const { channel } = viewer;
  const head = channelHead(viewer, links, reader, place);
  const rights = { sync: can(viewer, 'sync-roster', channel), decide: can(viewer, 'decide-held-sync', channel) };
  return {
    title: head.name,
    head,
    description: channel.description === '' ? null : channel.description,
    tags: channel.tags,
    people: facts && peopleAnswer(facts.counts, links, reader),
    roster: facts && rosterPanel(facts.roster, rights, links, reader),
    welcome: facts ? null : welcome(viewer, reader),
    sections: page.sections,
  };
}

function welcome(viewer: Viewer, { t }: Reader): ChannelPage['welcome'] {
  const contributes = can(viewer, 'contribute', viewer.channel);
  if (viewer.level === null) {
    const body = t(contributes ? 'welcome.visitor.contributes' : 'welcome.visitor.looks');
    return { title: t('welcome.visitor.title'), body };
  }
  return { title: t('welcome.title'), body: t(contributes ? 'welcome.contributor' : 'welcome.member') };
}

function peopleAnswer(counts: MemberCounts, links: ChannelLinks, { t, number }: Reader): PeopleAnswer {
  const aside = (key: 'inactive' | 'manual', query: Record<string, string>) =>
    counts[key] === 0
      ? []
      : [{ text: t(`people.${key}`, { count: counts[key], number: number(counts[key]) }), href: links.members(query) }];
  return {
    answer: t('people.answer', { count: counts.total, number: number(counts.total) }),
    levels: PERMISSION_LEVELS.filter((level) => counts.active[level] > 0).map((level) => ({
      number: number(counts.active[level]),
      text: t(`levels.${level}.people`, { count: counts.active[level] }),
      href: links.members({ level, status: 'active' }),
    })),
    asides: [...aside('inactive', { status: 'inactive' }), ...aside('manual', { method: 'manual', status: 'active' })],
  };
}
