import type { User, UserId } from '../channels/channel.ts';
import { personName } from '../channels/person-name.ts';
import type { Reader, TimeText } from '../lib/reader.ts';
import { playTime } from './play-time.ts';
import type { Recording, RecordingId } from './recording.ts';
import { type RecordingLinks, recordingLinks } from './recording-links.ts';
import type { RecordingRights } from './recording-policy.ts';
import { isComing, type RecordingStatus, recordingStatus } from './recording-status.ts';

/** A recording in a list; what `views/recordings/row.ejs` prints. */
export type RecordingRow = {
  id: RecordingId;
  title: string;
  /** Null while there is nothing to watch. */
  href: string | null;
  when: TimeText;
  length: string;
  /** Whose it is, in lists of several people's. */
  owner: string | null;
  /** Null for what everybody sees: that needs no word. */
  status: RecordingStatus | null;
  /** How often it was watched, for managers. */
  views: { text: string; href: string } | null;
  /** The channel it was in, or another fact in its place. */
  note: string | null;
  /** Its import goes on by itself. */
  isComing: boolean;
  edit: { href: string; label: string } | null;
  /** Where its import is asked for again, or stopped. */
  steer: { action: string; text: string; label: string }[];
  /** A moderator's answer, while it waits for one. */
  review: { approve: string; refuse: string } | null;
};

export type RowFacts = {
  rights: RecordingRights;
  owner?: User | null;
  counts?: { views: number; people: number } | null;
  note?: string | null;
};

export function recordingRow(
  recording: Recording,
  facts: RowFacts,
  page: { as: string; reader: Reader },
): RecordingRow {
  const { reader } = page;
  const { t, time } = reader;
  const { rights, owner, note } = facts;
  const links = recordingLinks(recording, page.as);
  const status = recordingStatus(recording, reader);
  return {
    id: recording.id,
    title: recording.title,
    href: rights.view && recording.parts.some(({ video, transcript }) => video ?? transcript) ? links.watch() : null,
    when: time(recording.startedAt),
    length: playTime(recording.durationMs),
    owner: owner ? personName(owner.name, owner.subject, t).name : null,
    status: status.kind === 'published' ? null : status,
    views: facts.counts === undefined ? null : viewsOf(facts.counts, links, reader),
    note: note ?? null,
    isComing: isComing(recording),
    edit:
      rights.edit || rights.move
        ? { href: links.step('edit'), label: t('recordings.edit-this', { title: recording.title }) }
        : null,
    steer: rights.steerImport ? steerOf(recording, links, reader) : [],
    review:
      rights.review && recording.review === 'waiting'
        ? { approve: links.step('approve'), refuse: links.step('refuse') }
        : null,
  };
}

/** For whoever brings it in: the way to stop it, or to ask again. */
export function steerOf(
  { title, import: { state, nextTryAt } }: Recording,
  links: RecordingLinks,
  { t }: Reader,
): RecordingRow['steer'] {
  const goesOn = state === 'queued' || state === 'running';
  const sleeps = state === 'queued' && nextTryAt !== null;
  const steps = [
    ...(sleeps || state === 'failed' || state === 'cancelled' ? (['retry'] as const) : []),
    ...(goesOn ? (['cancel'] as const) : []),
  ];
  return steps.map((step) => ({
    action: links.step(`${step}-import`),
    text: t(`recordings.${step}`),
    label: t(`recordings.${step}-this`, { title }),
  }));
}

function viewsOf(counts: RowFacts['counts'], links: RecordingLinks, { t, number }: Reader): RecordingRow['views'] {
  const views = counts?.views ?? 0;
  return { text: t('recordings.views-count', { count: views, number: number(views) }), href: links.step('views') };
}

/** The owners of the recordings on one page of a list. */
export async function ownersOf(
  memberships: { findUsers(ids: readonly UserId[]): Promise<User[]> },
  recordings: readonly Recording[],
): Promise<ReadonlyMap<UserId, User>> {
  const ids = [...new Set(recordings.map(({ ownerId }) => ownerId))];
  const users = ids.length === 0 ? [] : await memberships.findUsers(ids);
  return new Map(users.map((user) => [user.id, user]));
}
