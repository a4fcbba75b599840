import { type ChannelHead, channelHead, type HeadPlace } from '../channels/channel-head-page.ts';
import type { ChannelLinks } from '../channels/channel-links.ts';
import type { SectionLink } from '../channels/channel-sections.ts';
import type { HiddenField } from '../channels/members-query.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Reader } from '../lib/reader.ts';
import type { LinkFaults, LinkValues } from './link-form.ts';
import type { MeetingKind } from './meeting-link.ts';
import { meetingPaths } from './meeting-paths.ts';
import { formatMeetingNumber } from './read-meeting-number.ts';

/** What a page about one link shows: a new one, or one that stands. */
export type LinkFormFacts = {
  number: string;
  /** What Zoom calls it, or null. */
  topic: string | null;
  kind: MeetingKind;
  nextAt: number | null;
  inZoom: 'known' | 'gone' | 'unknown';
  verified: boolean;
  timeZone: string;
  values: LinkValues;
  faults: LinkFaults;
  /** Which settings are shown: all; name, dates and whether it asks; name and dates; or none. */
  shows: 'all' | 'stop' | 'plain' | 'none';
  /** What stops the person, or what they should know, before the form. */
  alert: LinkAlert | null;
  action: string;
  fields: HiddenField[];
  button: 'link' | 'link-unverified' | 'link-anyway' | 'save' | 'save-anyway';
  /** Beside the form of a link that stands. */
  verify: { action: string; seenOverlap: string; anyway: boolean } | null;
  connect: boolean;
  remove: string | null;
};

export type LinkAlert = { title: string; lines: string[]; action: SectionLink | null };

export type LinkFormPage = {
  title: string;
  head: ChannelHead;
  back: { text: string; href: string };
  alert: LinkAlert | null;
  meeting: { name: string; badge: string | null; lines: string[]; hint: string | null };
  form: {
    action: string;
    fields: HiddenField[];
    values: LinkValues;
    faults: Record<'name' | 'from' | 'until' | 'bring', string | null>;
    faultList: { field: string; text: string }[];
    nameHint: string;
    daysHint: string;
    namePlaceholder: string;
    modes: Choice[];
    bring: { field: 'video' | 'transcript' | 'chat'; name: string; text: string; ticked: boolean }[];
    visibilities: Choice[];
    note: string | null;
    button: string;
  } | null;
  verify: { action: string; seenOverlap: string; title: string; text: string; button: string } | null;
  connect: { title: string; text: string; action: SectionLink } | null;
  remove: { title: string; text: string; href: string; button: string } | null;
};

type Choice = { value: string; name: string; text: string; chosen: boolean };
type PageKit = { links: ChannelLinks; reader: Reader; place: HeadPlace };

/** One meeting and how it is linked. */
export function linkFormPage(viewer: Viewer, facts: LinkFormFacts, { links, reader, place }: PageKit): LinkFormPage {
  const { t } = reader;
  const head = channelHead(viewer, links, reader, place);
  const isNew = facts.button !== 'save' && facts.button !== 'save-anyway';
  const name = facts.topic ?? t('meetings.by-number', { number: formatMeetingNumber(facts.number) });
  const paths = meetingPaths(links);
  return {
    title: t('meetings.link-title', { name: facts.values.name || name, channel: head.name }),
    head,
    back: isNew
      ? { text: t('meetings.back-to-choice'), href: paths.add() }
      : { text: t('meetings.back'), href: links.meetings() },
    alert: facts.alert,
    meeting: {
      name,
      badge: facts.verified ? null : t('meetings.not-verified'),
      lines: meetingLines(facts, reader),
      hint: facts.kind === 'personal-room' && facts.verified ? t('meetings.room-hint') : null,
    },
    form: facts.shows === 'none' ? null : formOf(facts, name, reader),
    verify: facts.verify && verifyOf(facts.verify, reader),
    connect: facts.connect
      ? {
          title: t('meetings.verify.title'),
          text: t('meetings.verify.connect'),
          action: { text: t('meetings.connect.none.button'), href: paths.account(facts.action) },
        }
      : null,
    remove:
      facts.remove === null
        ? null
        : {
            title: t('meetings.remove.title'),
            text: t('meetings.remove.text'),
            href: facts.remove,
            button: t('meetings.remove.button'),
          },
  };
}

function meetingLines({ number, topic, kind, nextAt, inZoom }: LinkFormFacts, { t, moment }: Reader): string[] {
  const kindText = kind === 'unknown' ? '' : t(`meetings.kinds.${kind}`);
  return [
    [...(topic === null ? [] : [t('meetings.number', { number: formatMeetingNumber(number) })]), kindText]
      .filter((text) => text !== '')
      .join(' · '),
    nextAt === null ? '' : t('meetings.picker.next', { time: moment(nextAt).text }),
    inZoom === 'gone' ? t('meetings.gone-but-recorded') : '',
  ].filter((line) => line !== '');
}

function formOf(facts: LinkFormFacts, name: string, reader: Reader): NonNullable<LinkFormPage['form']> {
  const { t, number } = reader;
  const { values, faults, shows } = facts;
  const text = (field: keyof LinkFaults) => {
    const fault = faults[field];
    return fault ? t(`meetings.form-faults.${fault}`) : null;
  };
  const told = { name: text('name'), from: text('from'), until: text('until'), bring: text('bring') };
  const choices = (set: 'modes' | 'visibilities', all: readonly string[], chosen: string): Choice[] =>
    all.map((value) => ({
      value,
      name: t(`meetings.${set}.${value}.name`),
      text: t(`meetings.${set}.${value}.text`),
      chosen: value === chosen,
    }));
  return {
    action: facts.action,
    fields: facts.fields,
    values,
    faults: told,
    faultList: Object.entries(told).flatMap(([field, said]) =>
      said === null ? [] : [{ field: field === 'bring' ? 'video' : field, text: said }],
    ),
    nameHint: t(facts.topic === null ? 'meetings.name-hint-number' : 'meetings.name-hint'),
    daysHint: t('meetings.days.hint', { zone: facts.timeZone.replaceAll('_', ' ') }),
    namePlaceholder: name,
    modes: shows === 'all' || shows === 'stop' ? choices('modes', ['automatic', 'ask'], values.mode) : [],
    bring:
      shows === 'all'
        ? (['video', 'transcript', 'chat'] as const).map((field) => ({
            field,
            name: t(`meetings.bring.${field}`),
            text: t(`meetings.bring-texts.${field}`),
            ticked: values[field] !== '',
          }))
        : [],
    visibilities: shows === 'all' ? choices('visibilities', ['published', 'hidden'], values.visibility) : [],
    note: facts.verified && shows !== 'all' ? t('meetings.others-account', { number: number(1) }) : null,
    button: t(`meetings.buttons.${facts.button}`),
  };
}

function verifyOf(verify: NonNullable<LinkFormFacts['verify']>, { t }: Reader): LinkFormPage['verify'] {
  const { action, seenOverlap, anyway } = verify;
  return {
    ...{ action, seenOverlap },
    title: t('meetings.verify.title'),
    text: t('meetings.verify.text'),
    button: t(anyway ? 'meetings.verify.anyway' : 'meetings.verify.button'),
  };
}
