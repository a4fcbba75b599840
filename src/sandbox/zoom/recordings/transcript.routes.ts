import type { RequestHandler } from 'express';
import { answer, meetingGone, refuse } from '../api/answers.ts';
import { readUuid } from '../api/uuid-param.ts';
import type { ZoomCore } from '../state.ts';
import { fileAddress } from './rows.ts';
import type { SandboxRecording, ZoomRecordings } from './store.ts';

type Deps = { core: ZoomCore; store: ZoomRecordings };

/** Tells whether a transcript is there, is still to come, or will never come. */
export function createTranscriptRoute({ core, store }: Deps): RequestHandler {
  return (req, res) => {
    const caller = core.authenticate(req, res, ['cloud_recording:read:meeting_transcript']);
    if (!caller) return;
    const id = String(req.params.meeting);
    const uuid = readUuid(id);
    if (uuid === null) return meetingGone(res, id);
    const recording = /^\d+$/.test(id) ? store.latest(id) : store.get(uuid);
    if (recording?.host !== caller.user.key) return refuse(res, 404, 3322, 'There is no transcript for this meeting.');
    answer(res, 200, {
      meeting_id: recording.uuid,
      account_id: caller.user.accountId,
      meeting_topic: recording.topic,
      host_id: caller.user.id,
      ...readiness(core, recording),
    });
  };
}

function readiness(core: ZoomCore, recording: SandboxRecording) {
  const no = (reason: string) => ({ can_download: false, download_restriction_reason: reason });
  const file = recording.files.find(({ kind }) => kind === 'transcript');
  if (recording.trashedAt !== null || (file && file.trashedAt !== null)) return no('DELETED_OR_TRASHED');
  if (!file) return no('NO_TRANSCRIPT_DATA');
  if (file.readyAt > core.clock.now()) return no('NOT_READY');
  return { can_download: true, download_url: fileAddress(core, file, 'list') };
}
