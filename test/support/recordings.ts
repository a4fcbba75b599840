import { Readable } from 'node:stream';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { newId, systemRandom } from '../../src/lib/ids.ts';
import type { FileStore } from '../../src/recordings/file-store.ts';
import { openFiles } from '../../src/recordings/files/open-files.ts';
import type { Recording, RecordingId, StoredFile } from '../../src/recordings/recording.ts';
import { openContent } from '../../src/sandbox/zoom/recordings/media/content.ts';
import { createMedia, usualVideoBytes } from '../../src/sandbox/zoom/recordings/media/media.ts';
import { makeImport, makePart, makeRecording } from '../storage/support/recordings.ts';
import { membersOf, type Tool } from './tool.ts';

const PLAYED_MS = 60_000;

/** The file store of a tool. */
export function filesOf(tool: Tool): FileStore {
  return openFiles(tool.config.files, { clock: Date.now, random: systemRandom });
}

/** Keeps a text as a file of a recording. */
async function keepText(files: FileStore, key: string, text: string, contentType: string): Promise<StoredFile> {
  const saved = await files.save(key, Readable.from([Buffer.from(text)]), { contentType });
  if (!saved.ok) throw new Error(saved.reason);
  return { sourceId: key, key, bytes: saved.value.bytes, contentType, savedAt: Date.now() };
}

/** Keeps a video of a minute that really plays. */
async function keepVideo(files: FileStore, key: string): Promise<StoredFile> {
  const film = createMedia().video({ ms: PLAYED_MS, variant: 1, bytes: usualVideoBytes(PLAYED_MS) });
  const saved = await files.save(key, openContent(film, 0, film.bytes), { contentType: 'video/mp4' });
  if (!saved.ok) throw new Error(saved.reason);
  return { sourceId: key, key, bytes: saved.value.bytes, contentType: 'video/mp4', savedAt: Date.now() };
}

/** Puts a recording into a tool as an import leaves it, `parts` segments of a video and a transcript each. */
export async function seedRecording(
  tool: Tool,
  of: { channelId: ChannelId | null; ownerId: UserId; platformId: Recording['platformId'] },
  change: Partial<Recording> = {},
  parts = 1,
): Promise<Recording> {
  const files = filesOf(tool);
  const id = newId<'recording'>(Date.now()) as RecordingId;
  const made = [];
  for (let i = 0; i < parts; i++) {
    const video = await keepVideo(files, `recordings/${id}/video-${i}.mp4`);
    const transcript = await keepText(files, `recordings/${id}/said-${i}.vtt`, said(i), 'text/vtt');
    made.push(makePart({ video, transcript, durationMs: PLAYED_MS }));
  }
  const fresh = makeRecording(id, {
    ...{ ...of, connectionId: null, meetingUuid: `uuid-${id}==`, durationMs: parts * PLAYED_MS, startedAt: Date.now() },
    ...{ import: makeImport({ requestedBy: of.ownerId }), createdAt: Date.now(), parts: made },
    ...change,
  });
  const { recording } = await tool.storage.recordings.addRecording(fresh, null);
  return recording;
}

function said(part: number): string {
  const cues = ['A cell has a wall.', 'Its wall is thin.', 'What is inside?', 'A nucleus & more <i>inside</i>.'];
  const lines = cues.map(
    (cue, i) => `00:00:${10 + i * 12}.000 --> 00:00:${18 + i * 12}.000\n<v Speaker ${i % 2}>${cue}`,
  );
  return `WEBVTT\n\nNOTE part ${part}\n\n${lines.join('\n\n')}\n`;
}

/** The user behind a person of the LMS in a channel. */
export async function userIn(tool: Tool, channelId: ChannelId, personId: string): Promise<UserId> {
  const found = (await membersOf(tool, channelId)).find(({ subject }) => subject === personId);
  if (!found) throw new Error(`${personId} is no member`);
  return found.userId;
}
