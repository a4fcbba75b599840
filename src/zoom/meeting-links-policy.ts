import type { UserId } from '../channels/channel.ts';
import { type ChannelRules, can, type Standing } from '../channels/channel-policy.ts';
import type { MeetingLink } from './meeting-link.ts';
import { isWider, type LinkSettings } from './meeting-settings.ts';

/** Who asks, as far as the rules of meeting links look at it. */
export type LinkPerson = Standing & {
  userId: UserId;
  grant: { isTest: boolean; launchOnly: boolean };
  channel: ChannelRules;
};

/**
 * What somebody may do with a link. `edit`: `all` of its settings, or the `plain` ones (name and dates, and to stop automatic
 * imports) where the meeting is of another person's account. `verify`: to try whether they host it.
 */
export type LinkRights = { edit: 'all' | 'plain' | null; remove: boolean; verify: boolean };

/** The LMS's test student is nobody who could host a meeting, whoever may contribute. */
export function mayLink(who: LinkPerson): boolean {
  return can(who, 'contribute', who.channel) && !who.grant.isTest;
}

export function linkRights(who: LinkPerson, link: Pick<MeetingLink, 'linkedBy' | 'connectionId'>): LinkRights {
  if (!mayLink(who)) return { edit: null, remove: false, verify: false };
  const own = link.linkedBy === who.userId;
  const moderates = can(who, 'moderate', who.channel);
  return {
    edit: own ? 'all' : moderates ? 'plain' : null,
    remove: own || moderates,
    verify: link.connectionId === null && !who.grant.launchOnly,
  };
}

/**
 * What stands after somebody asked for settings. Where only the plain ones are theirs, nothing more may come in from the
 * other person's account than before: over longer dates its owner is asked.
 */
export function allowedSettings(now: LinkSettings, wanted: LinkSettings, rights: LinkRights): LinkSettings {
  if (rights.edit === 'all') return wanted;
  const { name, from, until } = wanted;
  const asks = now.mode === 'ask' || wanted.mode === 'ask' || isWider(wanted, now);
  return { ...now, name, from, until, mode: asks ? 'ask' : 'automatic' };
}
