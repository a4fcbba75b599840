import { channelName } from '../channels/channel.ts';
import type { HeadPlace, NoticeText } from '../channels/channel-head-page.ts';
import type { Reader } from '../lib/reader.ts';
import type { MetRecording } from './met-recording.ts';
import type { MoveTarget } from './move-recording.ts';
import { BIN_MS } from './recording.ts';
import type { RecordingLinks } from './recording-links.ts';
import { type RecordingNotice, recordingNotice } from './recording-notice.ts';
import { type RecordingHead, recordingHead } from './watch-page.ts';

/** What can be changed of a recording, each with what it will do. */
export type EditPage = RecordingHead & {
  title: string;
  name: string;
  notice: NoticeText | null;
  back: string;
  rename: { action: string; value: string; fault: string | null } | null;
  /** Who sees it now, and the button that changes it. */
  visibility: { now: string; action: string; button: string; hint: string } | null;
  move: { action: string; targets: { value: string; text: string }[]; hint: string } | null;
  bin: { action: string; lines: string[] } | null;
};

export const LONGEST_TITLE = 200;

const DAY_MS = 86_400_000;

export function editPage(
  met: MetRecording,
  facts: { targets: readonly MoveTarget[]; typed: string | null; done: RecordingNotice | null },
  page: { links: RecordingLinks; reader: Reader; place: HeadPlace },
): EditPage {
  const { recording, rights } = met;
  const { links, reader } = page;
  const { t, number } = reader;
  const fault = facts.typed === null ? null : t('recordings.edit.title-fault', { most: number(LONGEST_TITLE) });
  return {
    ...recordingHead(met, page),
    title: t('recordings.edit.page-title', { title: recording.title }),
    name: recording.title,
    notice: recordingNotice(facts.done, reader),
    back: links.watch(),
    rename: rights.edit ? { action: links.step('rename'), value: facts.typed ?? recording.title, fault } : null,
    visibility: rights.publish ? visibilityOf(met, links, t) : null,
    move: rights.move ? moveOf(met, facts.targets, links, t) : null,
    bin: rights.bin ? { action: links.step('bin'), lines: binLines(met, reader) } : null,
  };
}

function visibilityOf({ recording }: MetRecording, links: RecordingLinks, t: Reader['t']): EditPage['visibility'] {
  const isPublished = recording.visibility === 'published';
  const waits = recording.review === 'none' ? '' : '-waits';
  return {
    now: t(`recordings.edit.visibility.${recording.visibility}${isPublished ? waits : ''}`),
    action: links.step(isPublished ? 'unpublish' : 'publish'),
    button: t(isPublished ? 'recordings.unpublish' : 'recordings.publish'),
    hint: t(`recordings.edit.visibility.${isPublished ? 'unpublish' : 'publish'}-hint`),
  };
}

function moveOf(
  { recording, visitor }: MetRecording,
  targets: readonly MoveTarget[],
  links: RecordingLinks,
  t: Reader['t'],
): EditPage['move'] {
  const isOwn = recording.ownerId === visitor.userId;
  const library = { value: 'library', text: t(`recordings.edit.move.library-${isOwn ? 'own' : 'other'}`) };
  const choices = targets.map(({ channel, waits }) => {
    const name = channelName(channel);
    return { value: channel.id as string, text: waits ? t('recordings.edit.move.waits', { name }) : name };
  });
  const all = [...(recording.channelId === null ? [] : [library]), ...choices];
  if (all.length === 0) return null;
  return {
    action: links.step('move'),
    targets: all,
    hint: t(recording.channelId === null ? 'recordings.edit.move.hint-library' : 'recordings.edit.move.hint'),
  };
}

function binLines({ recording }: MetRecording, { t, number }: Reader): string[] {
  const days = { days: number(BIN_MS / DAY_MS) };
  return [
    t(recording.channelId === null ? 'recordings.edit.bin.library' : 'recordings.edit.bin.channel'),
    t('recordings.edit.bin.kept', days),
    t('recordings.edit.bin.zoom'),
  ];
}
