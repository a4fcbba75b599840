import { type ChannelHead, channelHead, type HeadPlace } from '../channels/channel-head-page.ts';
import type { ChannelLinks } from '../channels/channel-links.ts';
import type { SectionLink } from '../channels/channel-sections.ts';
import type { HiddenField } from '../channels/members-query.ts';
import type { Viewer } from '../channels/viewer.ts';
import { foldText } from '../lib/fold.ts';
import type { Reader } from '../lib/reader.ts';
import type { Pickable } from './meeting-links-picker.ts';
import { meetingPaths } from './meeting-paths.ts';
import { formatMeetingNumber, type UnreadableMeeting } from './read-meeting-number.ts';
import type { ZoomFault } from './zoom-api.ts';

/** How the person stands with Zoom, as far as it matters here. */
export type ZoomStanding = 'live' | 'broken' | 'none' | 'cannot' | 'no-app';

export type AddLinkFacts = {
  standing: ZoomStanding;
  /** Null unless the standing is `live`. */
  pickable: Pickable[] | null;
  /** Why Zoom's list of meetings is missing among them. */
  listFault: ZoomFault | null;
  q: string;
  /** What was pasted, and why it could not be used. */
  typed: string;
  fault: UnreadableMeeting | 'personal-link' | 'personal-link-unconnected' | null;
};

export type AddLinkPage = {
  title: string;
  head: ChannelHead;
  back: string;
  look: string;
  typed: string;
  fault: string | null;
  connect: { title: string; text: string; action: SectionLink | null } | null;
  picker: {
    meetings: { title: string; lines: string[]; linked: boolean; action: SectionLink | null }[];
    /** Null where the list is short. */
    search: { action: string; fields: HiddenField[]; q: string } | null;
    note: string | null;
    fault: string | null;
    empty: string | null;
  } | null;
};

const SHOWN = 40;
const SEARCHED_FROM = 12;

/** Which meeting? Pasted, or picked. */
export function addLinkPage(
  viewer: Viewer,
  facts: AddLinkFacts,
  { links, reader, place }: { links: ChannelLinks; reader: Reader; place: HeadPlace },
): AddLinkPage {
  const { t } = reader;
  const paths = meetingPaths(links);
  const head = channelHead(viewer, links, reader, place);
  return {
    title: t('meetings.add-title', { name: head.name }),
    head,
    back: links.meetings(),
    look: paths.look,
    typed: facts.typed,
    fault: facts.fault && t(`meetings.unreadable.${facts.fault}`),
    connect: connectNote(facts.standing, paths.account(paths.add()), reader),
    picker: facts.pickable && pickerOf(facts.pickable, facts, { links, reader }),
  };
}

function connectNote(standing: ZoomStanding, account: string, { t }: Reader): AddLinkPage['connect'] {
  if (standing === 'live') return null;
  const isOffered = standing === 'none' || standing === 'broken';
  return {
    title: t(`meetings.connect.${standing}.title`),
    text: t(`meetings.connect.${standing}.text`),
    action: isOffered ? { text: t(`meetings.connect.${standing}.button`), href: account } : null,
  };
}

function pickerOf(
  pickable: readonly Pickable[],
  { q, listFault }: AddLinkFacts,
  { links, reader }: { links: ChannelLinks; reader: Reader },
): AddLinkPage['picker'] {
  const { t, number } = reader;
  const found = pickable.filter((one) => matches(one, q));
  const shown = found.slice(0, SHOWN);
  const more = found.length - shown.length;
  return {
    meetings: shown.map((one) => pickLine(one, links, reader)),
    search:
      pickable.length < SEARCHED_FROM && q === ''
        ? null
        : { action: meetingPaths(links).add().split('?')[0] ?? '', fields: [{ name: 'as', value: links.as }], q },
    note: more > 0 ? t('meetings.picker.more', { count: more, number: number(more) }) : null,
    fault: listFault && t('meetings.picker.fault', { why: t(`meetings.faults.${listFault}`) }),
    empty: found.length > 0 ? null : t(q === '' ? 'meetings.picker.empty' : 'meetings.picker.none-found'),
  };
}

function matches({ topic, number }: Pickable, q: string): boolean {
  const digits = q.replace(/\D/g, '');
  return foldText(topic ?? '').includes(foldText(q)) || (digits.length > 2 && number.includes(digits));
}

function pickLine(one: Pickable, links: ChannelLinks, { t, moment, number, time }: Reader) {
  const isRoom = one.kind === 'personal-room';
  const title = isRoom ? t('meetings.picker.room') : (one.topic ?? formatMeetingNumber(one.number));
  const facts = [
    formatMeetingNumber(one.number),
    ...(one.nextAt === null ? [] : [t('meetings.picker.next', { time: moment(one.nextAt).text })]),
    ...(isRoom ? [] : [t(`meetings.kinds.${one.kind}`)]).filter((kind) => kind !== ''),
    ...(one.recordings === 0 || one.recordedAt === null
      ? []
      : [
          t('meetings.picker.recorded', {
            count: one.recordings,
            number: number(one.recordings),
            time: time(one.recordedAt).text,
          }),
        ]),
  ];
  const href = meetingPaths(links).add({ number: one.number });
  return {
    title,
    lines: [facts.join(' · '), ...(isRoom ? [t('meetings.picker.room-mixes')] : [])],
    linked: one.linked,
    action: one.linked
      ? null
      : { text: t('meetings.picker.choose'), label: t('meetings.picker.choose-this', { name: title }), href },
  };
}
