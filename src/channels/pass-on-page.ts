import type { Reader } from '../lib/reader.ts';
import { channelName } from './channel.ts';
import { channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { AskPage } from './delete-page.ts';
import type { Membership } from './membership.ts';
import { personName } from './person-name.ts';
import type { Viewer } from './viewer.ts';

/** The question before somebody becomes the owner. */
export function passOnPage(
  viewer: Viewer,
  chosen: Membership,
  page: { links: ChannelLinks; reader: Reader; place: HeadPlace },
): AskPage {
  const { links, reader, place } = page;
  const { t } = reader;
  const { channel } = viewer;
  const values = { channel: channelName(channel), name: personName(chosen.person.name, chosen.subject, t).name };
  const whom = chosen.userId === viewer.userId ? 'you' : 'other';
  const question = t(`pass-on.question.${channel.ownerId === null ? 'name' : 'pass-on'}.${whom}`, values);
  const after = { ...viewer, isOwner: whom === 'you' };
  const keepsIt = can(after, 'change-owner', { ...channel, ownerId: chosen.userId });
  return {
    title: question,
    head: channelHead(viewer, links, reader, place),
    question,
    consequences: [
      t(`pass-on.alone.${whom}`, values),
      t(`pass-on.stays.${whom}`, values),
      ...(viewer.isOwner ? [t('pass-on.manager-still')] : []),
      ...(keepsIt ? [] : [t('pass-on.no-way-back', values)]),
    ],
    action: links.changeOwner,
    fields: [
      { name: 'ownerId', value: chosen.userId },
      { name: 'seenOwnerId', value: channel.ownerId ?? '' },
    ],
    button: t(channel.ownerId === null ? 'settings.owner.name-button' : 'settings.owner.pass-on-button'),
    danger: false,
    keep: t('pass-on.keep'),
    back: links.settings(),
  };
}
