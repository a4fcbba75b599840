import { type Channel, type ChannelId, channelName, type UserId } from '../channels/channel.ts';
import type { Reader, TimeText } from '../lib/reader.ts';
import type { MeetingLink } from '../zoom/meeting-link.ts';
import { formatMeetingNumber } from '../zoom/read-meeting-number.ts';
import type { CatalogueEntry } from './catalogue-store.ts';
import { channelsOf, destinationOf } from './destination.ts';
import { playTime } from './play-time.ts';
import type { Recording } from './recording.ts';
import { myRecordingsLinks, recordingLinks } from './recording-links.ts';
import { isComing, type RecordingStatus, recordingStatus } from './recording-status.ts';

export type CatalogueRow = {
  uuid: string;
  id: string;
  topic: string;
  number: string;
  when: TimeText;
  facts: string[];
  /** Zoom deletes it then, unless somebody does something. */
  deletes: string | null;
  canChoose: boolean;
  /** How its import stands, while it is not simply here. */
  status: RecordingStatus | null;
  here: { href: string; text: string } | null;
  /** Where it could go, by its meeting's links, or why it cannot be chosen. */
  hint: string | null;
  /** Its import goes on by itself. */
  isComing: boolean;
};

export type RowContext = {
  as: string;
  userId: UserId;
  isLive: boolean;
  links: readonly MeetingLink[];
  channels: readonly Channel[];
  reader: Reader;
};

/** A recording in Zoom with what became of it here. */
export function catalogueRow(entry: CatalogueEntry, recording: Recording | null, context: RowContext): CatalogueRow {
  const { reader, as, isLive } = context;
  const { t } = reader;
  const isMine = recording?.ownerId === context.userId;
  const mine = isMine ? recording : null;
  const when = reader.time(entry.startedAt);
  return {
    uuid: entry.meetingUuid,
    id: `r-${Buffer.from(entry.meetingUuid).toString('hex')}`,
    topic: entry.topic || t('catalogue.no-topic'),
    number: formatMeetingNumber(entry.number),
    // Classes are told apart by their dates, so these are dates throughout.
    when: { ...when, text: when.exact },
    facts: factsOf(entry, reader),
    deletes: entry.deletesOn === null ? null : t('catalogue.deletes', { day: reader.day(entry.deletesOn) }),
    canChoose: isLive && entry.media !== 'none' && (recording === null || (isMine && canComeAgain(recording))),
    status: mine ? statusOf(mine, reader) : null,
    here: mine && whereIs(mine, context.channels, as, reader),
    hint: recording ? (isMine ? null : t('catalogue.here.other-sign-in')) : hintOf(entry, context),
    isComing: mine !== null && isComing(mine),
  };
}

function canComeAgain({ deletedAt, import: { state } }: Recording): boolean {
  return deletedAt !== null || state === 'failed' || state === 'cancelled';
}

function statusOf(recording: Recording, reader: Reader): RecordingStatus | null {
  const status = recordingStatus(recording, reader);
  return recording.deletedAt !== null || status.kind === 'published' ? null : status;
}

function factsOf(entry: CatalogueEntry, { t, number }: Reader): string[] {
  const { durationMs, bytes, media, hasTranscript, processing } = entry;
  return [
    playTime(durationMs),
    ...(bytes > 0 ? [t('catalogue.size', { megabytes: number(Math.max(1, Math.round(bytes / 1_000_000))) })] : []),
    ...(media === 'video' ? [] : [t(`catalogue.media.${media}`)]),
    ...(hasTranscript ? [t('catalogue.transcript')] : []),
    ...(processing ? [t('catalogue.processing')] : []),
  ];
}

function whereIs(recording: Recording, channels: readonly Channel[], as: string, { t }: Reader): CatalogueRow['here'] {
  if (recording.deletedAt !== null) return { href: myRecordingsLinks(as).bin(), text: t('catalogue.here.bin') };
  const { state } = recording.import;
  // What failed is nowhere, and what comes has its place told by its state.
  if (state !== 'done') return null;
  const href = recordingLinks(recording, as).watch();
  if (recording.channelId === null) return { href, text: t('catalogue.here.library') };
  return { href, text: t('catalogue.here.channel', { name: nameOf(recording.channelId, channels, t) }) };
}

function hintOf(entry: CatalogueEntry, { links, channels, reader: { t } }: RowContext): string | null {
  const destination = destinationOf(entry, links);
  const names = channelsOf(destination).map((id) => nameOf(id, channels, t));
  if (destination.kind === 'nowhere' || entry.media === 'none') return null;
  if (destination.kind === 'several') return t('catalogue.several', { names: names.join(', ') });
  return t('catalogue.linked', { name: names[0] });
}

function nameOf(id: ChannelId, channels: readonly Channel[], t: Reader['t']): string {
  const channel = channels.find((each) => each.id === id);
  return channel ? channelName(channel) : t('catalogue.here.other');
}
