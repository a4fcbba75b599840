import { z } from 'zod';
import type { Reader, TimeText } from '../lib/reader.ts';
import { readState } from './activity.ts';
import type { Channel, User, UserId } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import type { ActivityEvent } from './channel-store.ts';
import { type MeetingState, meetingChanges, meetingName } from './meeting-activity.ts';
import { personName } from './person-name.ts';
import type { SetByHand } from './set-by-hand.ts';
import { SETTING_FIELDS, settingText, tellsOf } from './setting-texts.ts';
import type { Viewer } from './viewer.ts';

export const ACTIVITY_QUERY = z.object({ cursor: z.string().max(2000).nullable().catch(null) });

/** One line of the list: an event, or the events of one change of many members. */
export type ActivityLine = {
  /** The newest of them, by which all are undone. */
  event: ActivityEvent;
  count: number;
  /** What is the same in all of them, as far as it is shown. */
  sameTo: boolean;
  /** More of the same change is further down, on the next page. */
  goesOn: boolean;
  undoable: boolean;
};

/** A sentence, cut where names stand in it: names are written in any script and direction, apart from its words. */
export type Sentence = { text: string; isName: boolean }[];

export type ActivityPage = {
  title: string;
  head: ChannelHead;
  lines: {
    id: string;
    sentence: Sentence;
    when: TimeText;
    /** What was and what is, field by field; `name` is null where there is but one thing to tell. */
    changes: { name: string | null; from: string; to: string }[];
    sync: string | null;
    undo: { action: string; label: string } | null;
  }[];
  first: string | null;
  next: string | null;
};

export type ActivityFacts = {
  lines: ActivityLine[];
  nextCursor: string | null;
  /** The people that the events name. */
  people: ReadonlyMap<UserId, User>;
};

export function activityPage(
  viewer: Viewer,
  facts: ActivityFacts,
  page: { cursor: string | null; links: ChannelLinks; reader: Reader; place: HeadPlace },
): ActivityPage {
  const { cursor, links, reader, place } = page;
  const { t, time } = reader;
  const head = channelHead(viewer, links, reader, place);
  return {
    title: t('activity.page-title', { name: head.name }),
    head,
    lines: facts.lines.map((line) => {
      const sentence = sentenceOf(line, facts.people, reader);
      const said = sentence.map(({ text }) => text).join('');
      return {
        id: line.event.id,
        sentence,
        when: time(line.event.at),
        changes: changesOf(line, facts.people, reader),
        sync: line.event.syncId && links.sync(line.event.syncId),
        undo: line.undoable
          ? { action: links.undo(line.event.id), label: t('activity.undo-this', { what: said }) }
          : null,
      };
    }),
    first: cursor === null ? null : links.activity(),
    next: facts.nextCursor === null ? null : links.activity({ cursor: facts.nextCursor }),
  };
}

/** Everybody an event names: who did it, to whom, and owners before and after. */
export function peopleIn({ actor, subjectUserId, from, to }: ActivityEvent): UserId[] {
  const owners = [from, to].map((state) => readState<Channel>(state)?.ownerId ?? null);
  const people = [userOf(actor), subjectUserId, ...owners];
  return people.filter((id): id is UserId => id !== null && id !== undefined);
}

function userOf(actor: string): UserId | null {
  return actor.startsWith('user:') ? (actor.slice('user:'.length) as UserId) : null;
}

/** Who did something, in words. */
export function actorName(actor: string, people: ActivityFacts['people'], { t }: Reader): string {
  const userId = userOf(actor);
  if (userId !== null) return nameOf(userId, people, t);
  if (actor.startsWith('api-key:')) return t('activity.actors.api-key');
  return t(actor === 'command' ? 'activity.actors.command' : 'activity.actors.system');
}

function nameOf(userId: UserId | null, people: ActivityFacts['people'], t: Reader['t']): string {
  const user = userId && people.get(userId);
  return user ? personName(user.name, user.subject, t).name : t('activity.actors.unknown');
}

const WHO = '\uE000';
const WHOM = '\uE001';
const WHAT = '\uE002';

function sentenceOf(line: ActivityLine, people: ActivityFacts['people'], reader: Reader): Sentence {
  const { event, count, goesOn } = line;
  const { t, number } = reader;
  const values = { who: WHO, whom: WHOM, what: WHAT, count, number: number(count) };
  const key = sentenceKey(event);
  const many = count > 1 || goesOn;
  const text = many
    ? t(`activity.many.${key}`, { ...values, number: goesOn ? t('activity.at-least', values) : values.number })
    : t(`activity.one.${key}`, values);
  const names: Record<string, string> = {
    [WHO]: actorName(event.actor, people, reader),
    [WHOM]: nameOf(event.subjectUserId, people, t),
    [WHAT]: isAboutRecording(event)
      ? recordingTitle(event.to)
      : meetingName(readState<MeetingState>(event.to ?? event.from) ?? {}),
  };
  return text
    .split(/([\uE000-\uE002])/u)
    .filter((part) => part !== '')
    .map((part) => ({ text: names[part] ?? part, isName: part in names }));
}

const KNOWN_ACTIONS: ReadonlySet<string> = new Set([
  'recording.publish',
  'recording.unpublish',
  'recording.rename',
  'recording.move',
  'recording.arrive',
  'recording.bin',
  'recording.restore',
  'recording.approve',
  'recording.refuse',
  'member.add',
  'member.level',
  'member.remove',
  'member.undo',
  'member.owner',
  'channel.change',
  'channel.delete',
  'channel.restore',
  'meeting.link',
  'meeting.change',
  'meeting.unlink',
  'sync.apply-held',
  'sync.discard-held',
]);

/** Which sentence tells of an event; some actions are told by what they led to. */
function sentenceKey({ action, to }: ActivityEvent): string {
  if (action === 'member.status') return isOut(to) ? 'member-out' : 'member-in';
  if (action === 'member.updateMethod') {
    return readState<SetByHand>(to)?.override ? 'member-keep' : 'member-automatic';
  }
  if (action === 'channel.owner') return readState<Channel>(to)?.ownerId ? 'channel-owner' : 'channel-no-owner';
  return KNOWN_ACTIONS.has(action) ? action.replace('.', '-') : 'other';
}

function isAboutRecording({ action }: ActivityEvent): boolean {
  return action.startsWith('recording.');
}

function recordingTitle(state: string | null): string {
  return readState<{ title: string }>(state)?.title ?? '';
}

function isOut(state: string | null): boolean {
  return (readState<SetByHand>(state)?.inactiveReason ?? null) !== null;
}

function changesOf(line: ActivityLine, people: ActivityFacts['people'], reader: Reader) {
  const { event, count } = line;
  if (event.action.startsWith('member.')) return line.sameTo || count === 1 ? memberChanges(line, reader) : [];
  if (event.action === 'channel.owner') return ownerChanges(event, people, reader);
  if (event.action === 'meeting.change') {
    const [from, to] = [readState<MeetingState>(event.from) ?? {}, readState<MeetingState>(event.to) ?? {}];
    return meetingChanges(from, to, reader);
  }
  if (event.action === 'recording.rename') {
    return [{ name: null, from: recordingTitle(event.from), to: recordingTitle(event.to) }];
  }
  return event.action === 'channel.change' ? settingChanges(event, reader) : [];
}

function memberChanges({ event, count, goesOn }: ActivityLine, reader: Reader) {
  const to = standingText(readState<SetByHand>(event.to), reader);
  if (count > 1 || goesOn) return [{ name: null, from: reader.t('activity.states.various'), to }];
  return [{ name: null, from: standingText(readState<SetByHand>(event.from), reader), to }];
}

function standingText(state: Partial<SetByHand> | null, { t }: Reader): string {
  if (!state) return t('activity.states.none');
  return [
    t(`levels.${state.level ?? 'member'}.name`),
    ...(state.override ? [t('activity.states.by-hand')] : []),
    ...(state.addedBy === 'hand' ? [t('activity.states.added')] : []),
    ...(state.inactiveReason ? [t('activity.states.out')] : []),
  ].join(', ');
}

function ownerChanges({ from, to }: ActivityEvent, people: ActivityFacts['people'], { t }: Reader) {
  const text = (state: string | null) => {
    const ownerId = readState<Channel>(state)?.ownerId ?? null;
    return ownerId === null ? t('activity.states.no-owner') : nameOf(ownerId, people, t);
  };
  return [{ name: null, from: text(from), to: text(to) }];
}

function settingChanges(event: ActivityEvent, reader: Reader) {
  const [from, to] = [readState<Channel>(event.from) ?? {}, readState<Channel>(event.to) ?? {}];
  return SETTING_FIELDS.filter((field) => tellsOf(field, from) || tellsOf(field, to))
    .map((field) => ({
      name: reader.t(`settings.fields.${field}`),
      from: settingText(field, from, reader),
      to: settingText(field, to, reader),
    }))
    .filter((change) => change.from !== change.to);
}
