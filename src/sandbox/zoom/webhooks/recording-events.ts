import { writeDownloadToken } from '../recordings/download-token.ts';
import type { Media } from '../recordings/media/media.ts';
import type { SandboxFile, SandboxRecording } from '../recordings/recording.ts';
import { recordingRow } from '../recordings/rows.ts';
import type { ZoomCore } from '../state.ts';
import type { WebhookEvent } from './delivery.ts';

/** Tells the tool of recordings. */
export type RecordingEvents = {
  added(recording: SandboxRecording): void;
  transcript(recording: SandboxRecording): void;
  renamed(recording: SandboxRecording, before: string): void;
  /** A whole recording, or one file of it. */
  changed(how: 'trashed' | 'recovered' | 'deleted', recording: SandboxRecording, fileId?: string): void;
};

/** Sends for a person (by key) at a time; nothing for people who did not add the app. */
export type Emit = (user: string, dueAt: number, make: () => WebhookEvent | null) => void;

const TOKEN_LIFE_MS = 24 * 3_600_000;

export function createRecordingEvents(deps: { core: ZoomCore; media: Media; emit: Emit }): RecordingEvents {
  const { core, media, emit } = deps;
  const now = () => core.clock.now();
  const withFiles = (
    event: string,
    recording: SandboxRecording,
    only: (file: SandboxFile) => boolean,
    more: { payload?: object; token?: boolean } = {},
  ): WebhookEvent => {
    const { accountId } = core.users.get(recording.host);
    const object = recordingRow({ core, media }, recording, 'webhook', only);
    const token = writeDownloadToken(core, recording.uuid, now() + TOKEN_LIFE_MS);
    return {
      event,
      payload: { account_id: accountId, ...more.payload, object },
      ...(more.token === false ? {} : { download_token: token }),
    };
  };
  const completed = (recording: SandboxRecording) =>
    withFiles('recording.completed', recording, (file) => file.kind !== 'transcript');
  const transcribed = (recording: SandboxRecording) =>
    withFiles('recording.transcript_completed', recording, (file) => file.kind === 'transcript');
  return {
    added(recording) {
      const ready = latest(recording, (file) => file.kind !== 'transcript');
      const written = latest(recording, (file) => file.kind === 'transcript');
      const completion = () => emit(recording.host, ready, () => completed(recording));
      const transcription = (at: number) => emit(recording.host, at, () => transcribed(recording));
      const hasTranscript = Number.isFinite(written);
      if (hasTranscript && core.faults.reordered) transcription(Math.min(ready, written));
      if (Number.isFinite(ready)) completion();
      if (hasTranscript && !core.faults.reordered) transcription(written);
    },
    transcript(recording) {
      emit(recording.host, now(), () => transcribed(recording));
    },
    renamed(recording, before) {
      const { uuid, number, topic, type, host } = recording;
      const { id, accountId, email } = core.users.get(host);
      const object = { uuid, id: Number(number), topic, type, host_id: id };
      const payload = {
        ...{ account_id: accountId, operator: email, operator_id: id, time_stamp: now() },
        ...{ object, old_object: { ...object, topic: before } },
      };
      emit(host, now(), () => ({ event: 'recording.renamed', payload }));
    },
    changed(how, recording, fileId) {
      const { email, id } = core.users.get(recording.host);
      const only = (file: SandboxFile) => fileId === undefined || file.id === fileId;
      const more = { payload: { operator: email, operator_id: id }, token: how !== 'deleted' };
      // As it is now: afterwards it may be gone.
      const event = withFiles(
        `recording.${how}`,
        { ...recording, trashedAt: recording.trashedAt ?? now() },
        only,
        more,
      );
      emit(recording.host, now(), () => event);
    },
  };
}

function latest(recording: SandboxRecording, of: (file: SandboxFile) => boolean): number {
  return Math.max(...recording.files.filter(of).map(({ readyAt }) => readyAt));
}
