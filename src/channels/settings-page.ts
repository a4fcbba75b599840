import type { Reader, TimeText } from '../lib/reader.ts';
import { type Channel, channelName, type User, type UserId } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { MemberCounts } from './channel-store.ts';
import type { Membership } from './membership.ts';
import { personName } from './person-name.ts';
import { SETTING_FIELDS, type SettingField, settingText } from './setting-texts.ts';
import {
  asChannel,
  MOST_TAGS,
  type SettingFaults,
  type SettingsValues,
  settingsValues,
  TAG_LENGTH,
} from './settings-form.ts';
import type { Viewer } from './viewer.ts';

export type SettingsPage = {
  title: string;
  head: ChannelHead;
  as: string;
  action: string;
  version: number;
  /** What the fields began with, for telling later what others changed meanwhile. */
  was: string;
  values: SettingsValues;
  /** Beside each field, and all of them at the top with links to the fields. */
  faults: Partial<Record<SettingField, string>>;
  faultList: { field: SettingField; text: string }[];
  conflict: SettingsConflict | null;
  /** The name that stands while none is given. */
  courseName: string;
  privacy: (Choice & { warning: string | null })[];
  contributionPolicy: Choice[];
  departed: Choice[];
  owner: OwnerPart;
  deleteHref: string | null;
};

type Choice = { value: string; name: string; text: string; chosen: boolean };

type SettingsConflict = {
  rows: { name: string; who: string; when: TimeText | null; from: string; to: string; form: string }[];
};

type OwnerPart = {
  /** Null: nobody owns the channel. */
  name: string | null;
  /** Null for those who may not change it. */
  change: {
    action: string;
    /** Where the question is asked before somebody becomes the owner. */
    ask: string;
    seen: string;
    candidates: { value: string; text: string }[];
    /** Said where there are more managers than can be chosen from. */
    more: string | null;
    mayGiveUp: boolean;
  } | null;
};

export type SettingsFacts = {
  counts: MemberCounts;
  owner: User | null;
  /** Active managers, for passing the channel on; empty where the viewer may not. */
  managers: Membership[];
  hasMoreManagers: boolean;
  faults: SettingFaults;
  /** What is to stand in the form; null: what stands in the channel. */
  typed: SettingsValues | null;
  conflict: FieldConflict[] | null;
};

/** One setting that somebody else changed while the form was open. */
export type FieldConflict = { field: SettingField; who: string | null; at: number | null; was: SettingsValues };

export function settingsPage(
  viewer: Viewer,
  facts: SettingsFacts,
  page: { links: ChannelLinks; reader: Reader; place: HeadPlace },
): SettingsPage {
  const { links, reader, place } = page;
  const { channel } = viewer;
  const { t } = reader;
  const head = channelHead(viewer, links, reader, place);
  const now = settingsValues(channel);
  const values = facts.typed ?? now;
  const choices = (field: 'privacy' | 'contributionPolicy' | 'departed', options: readonly string[], chosen: string) =>
    options.map((value) => ({
      value,
      name: t(`settings.${field}.${value}.name`),
      text: t(`settings.${field}.${value}.text`),
      chosen: value === chosen,
    }));
  const faults = Object.fromEntries(
    Object.entries(facts.faults).map(([field, fault]) => [
      field,
      t(`settings.faults.${field}.${fault}`, { most: MOST_TAGS, length: TAG_LENGTH }),
    ]),
  );
  return {
    title: t('settings.page-title', { name: channelName(channel) }),
    head,
    as: links.as,
    action: links.settings(),
    version: channel.version,
    was: JSON.stringify(now),
    values,
    faults,
    faultList: SETTING_FIELDS.flatMap((field) => (faults[field] ? [{ field, text: faults[field] }] : [])),
    conflict: facts.conflict && conflictOf(facts.conflict, values, { channel, reader }),
    courseName: channel.title,
    privacy: choices('privacy', PRIVACIES, values.privacy).map((choice) => ({
      ...choice,
      warning: widening(channel, choice.value, facts.counts, reader),
    })),
    contributionPolicy: choices('contributionPolicy', ['contributors', 'everyone'], values.contributionPolicy),
    departed: choices('departed', ['site', 'deactivate', 'keep'], values.syncDeparted),
    owner: ownerPart(viewer, facts, links, reader),
    deleteHref: can(viewer, 'delete-channel', channel) ? links.deleteChannel : null,
  };
}

const PRIVACIES = ['private', 'restricted', 'open'] as const;

/** Said beside a choice that lets more people in than now. */
function widening({ privacy }: Channel, choice: string, { total }: MemberCounts, { t, number }: Reader): string | null {
  const rank = (value: string) => (PRIVACIES as readonly string[]).indexOf(value);
  if (rank(choice) <= rank(privacy)) return null;
  return t(`settings.widening.${privacy}-to-${choice}`, { count: total, number: number(total) });
}

function conflictOf(
  conflicts: readonly FieldConflict[],
  typed: SettingsValues,
  { channel, reader }: { channel: Channel; reader: Reader },
): SettingsConflict {
  return {
    rows: conflicts.map(({ field, who, at, was }) => ({
      name: reader.t(`settings.fields.${field}`),
      who: who ?? reader.t('settings.conflict.somebody'),
      when: at === null ? null : reader.time(at),
      from: settingText(field, asChannel(was, channel), reader),
      to: settingText(field, channel, reader),
      form: settingText(field, asChannel(typed, channel), reader),
    })),
  };
}

function ownerPart(viewer: Viewer, facts: SettingsFacts, links: ChannelLinks, { t, number }: Reader): OwnerPart {
  const { owner, managers, hasMoreManagers } = facts;
  const { channel } = viewer;
  const text = (name: string | null, subject: string, userId: UserId) => {
    const shown = personName(name, subject, t).name;
    return userId === viewer.userId ? t('settings.owner.you', { name: shown }) : shown;
  };
  return {
    name: owner && text(owner.name, owner.subject, owner.id),
    change: can(viewer, 'change-owner', channel)
      ? {
          action: links.changeOwner,
          ask: links.passOn.split('?', 1)[0] ?? '',
          seen: channel.ownerId ?? '',
          candidates: managers
            .filter(({ userId, isTest }) => userId !== channel.ownerId && !isTest)
            .map(({ person, subject, userId }) => ({ value: userId, text: text(person.name, subject, userId) })),
          more: hasMoreManagers ? t('settings.owner.more', { number: number(managers.length) }) : null,
          mayGiveUp: channel.ownerId !== null,
        }
      : null,
  };
}
