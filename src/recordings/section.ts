import { can } from '../channels/channel-policy.ts';
import { emptySection, type SectionItem, type SectionProvider } from '../channels/channel-sections.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Reader } from '../lib/reader.ts';
import { listFilter, mayBringIn } from './list-page.ts';
import { playTime } from './play-time.ts';
import type { Recording } from './recording.ts';
import { myRecordingsLinks, recordingLinks } from './recording-links.ts';
import { recordingStatus } from './recording-status.ts';
import type { RecordingStore } from './recording-store.ts';

const NEWEST = 4;

/** What a channel's first page tells of its recordings: the newest, and whether some wait for the viewer. */
export function createRecordingSection(deps: { recordings: Pick<RecordingStore, 'listRecordings'> }): SectionProvider {
  return async (viewer, reader, links) => {
    const { t, number } = reader;
    const filter = listFilter(viewer, { q: '', show: 'all' });
    const { items, total } = await deps.recordings.listRecordings(filter, { limit: NEWEST });
    const waiting = items.length === 0 ? 0 : await countWaiting(deps, viewer);
    const add = mayBringIn(viewer)
      ? {
          text: t('recordings.add'),
          href: myRecordingsLinks(viewer.grant.id).catalogue({ channel: viewer.channel.id }),
        }
      : null;
    const all = t('recordings.see-all', { count: total, number: number(total) });
    return {
      ...emptySection('recordings', viewer, reader, add),
      items: items.map((recording) => itemOf(recording, viewer, reader)),
      note: waiting === 0 ? null : t('recordings.waiting', { count: waiting, number: number(waiting) }),
      more: items.length === 0 ? null : { text: all, href: links.recordings() },
    };
  };
}

/** How many recordings wait for the viewer's decision. */
export async function countWaiting(
  { recordings }: { recordings: Pick<RecordingStore, 'listRecordings'> },
  viewer: Viewer,
): Promise<number> {
  if (!can(viewer, 'moderate', viewer.channel)) return 0;
  const { total } = await recordings.listRecordings({ channelId: viewer.channel.id, waiting: true }, { limit: 1 });
  return total;
}

function itemOf(recording: Recording, viewer: Viewer, reader: Reader): SectionItem {
  const status = recordingStatus(recording, reader);
  const isWatchable = recording.parts.some(({ video }) => video !== null);
  const mayKnow = can(viewer, 'contribute', viewer.channel);
  return {
    title: recording.title,
    href: isWatchable ? recordingLinks(recording, viewer.grant.id).watch() : null,
    lines: [{ time: reader.time(recording.startedAt), text: `· ${playTime(recording.durationMs)}` }],
    badge: status.kind === 'published' || !mayKnow ? null : status.word,
    action: null,
  };
}
