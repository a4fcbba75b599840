import { zoomTime } from '../api/answers.ts';
import type { ZoomCore } from '../state.ts';
import { bytesOf } from './file-content.ts';
import type { Media } from './media/media.ts';
import { FILE_KINDS, type SandboxFile, type SandboxRecording } from './recording.ts';

export type RowDeps = { core: ZoomCore; media: Media };

/** Where a row is shown: lists hold `type` as text and no password, one recording has more, a webhook has `type` as a number. */
export type RowUse = 'list' | 'one' | 'webhook' | 'trash';

export type Row = Record<string, unknown>;

/** A recording as Zoom tells it. `only` keeps some files. */
export function recordingRow(
  { core, media }: RowDeps,
  recording: SandboxRecording,
  use: RowUse,
  only: (file: SandboxFile) => boolean = () => true,
): Row {
  const shown = listedFiles(recording, core.clock.now(), use === 'trash').filter(only);
  const rows = shown.map((file) => ({ file, row: fileRow({ core, media }, recording, file, use) }));
  const { uuid, number, topic, type, startedAt, timezone, durationMs, autoDeleteOn } = recording;
  const host = core.users.get(recording.host);
  const voices = rows.filter(({ file }) => file.kind === 'participant').map(({ row }) => row);
  const full = use === 'one' || use === 'webhook';
  return {
    ...{ uuid, id: Number(number), account_id: host.accountId, host_id: host.id, topic },
    type: use === 'webhook' ? type : String(type),
    ...{ start_time: zoomTime(startedAt), timezone, duration: Math.floor(durationMs / 60_000) },
    total_size: shown.reduce((sum, file) => sum + bytesOf(recording, file, media, host), 0),
    recording_count: shown.length,
    share_url: `${core.base}/rec/share/${encodeURIComponent(uuid)}`,
    recording_play_passcode: recording.playPasscode,
    ...(autoDeleteOn === null ? { auto_delete: false } : { auto_delete: true, auto_delete_date: autoDeleteOn }),
    recording_files: rows.filter(({ file }) => file.kind !== 'participant').map(({ row }) => row),
    ...(full ? { host_email: host.email, password: recording.password } : {}),
    ...(full && voices.length > 0 ? { participant_audio_files: voices } : {}),
  };
}

/** The files that Zoom shows at this time: what is in the trash, or what is not. */
export function listedFiles(recording: SandboxRecording, now: number, trash = false): SandboxFile[] {
  const whole = recording.trashedAt !== null;
  return recording.files.filter(
    ({ appearsAt, trashedAt }) => appearsAt <= now && (whole || (trashedAt !== null) === trash),
  );
}

function fileRow({ core, media }: RowDeps, recording: SandboxRecording, file: SandboxFile, use: RowUse): Row {
  const [type, extension] = FILE_KINDS[file.kind];
  const processing = file.readyAt > core.clock.now();
  const bare = file.kind === 'captions' || file.kind === 'timeline';
  const address = fileAddress(core, file, use);
  const bytes = bytesOf(recording, file, media, core.users.get(recording.host));
  const times = { recording_start: zoomTime(file.startedAt), recording_end: processing ? '' : zoomTime(file.endedAt) };
  const row: Row = { meeting_id: recording.uuid, ...times, file_type: type, file_extension: extension };
  if (!processing) row.download_url = address;
  if (bare) return row;
  return {
    id: file.id,
    ...row,
    ...(processing ? {} : { file_size: core.faults.download?.kind === 'size-wrong' ? bytes + 4096 : bytes }),
    ...(file.layout === null ? { recording_type: null } : { recording_type: file.layout }),
    ...(file.kind === 'participant' ? { file_name: `Audio only - Student ${file.variant + 1} 🎓.m4a` } : {}),
    ...(file.trashedAt === null ? {} : { deleted_time: zoomTime(file.trashedAt) }),
    status: processing ? 'processing' : 'completed',
    play_url: `${core.base}/rec/play/${file.key}`,
  };
}

/** The address that a file is loaded from; another one each time where the switch says so. */
export function fileAddress({ base, faults }: ZoomCore, file: SandboxFile, use: RowUse): string {
  if (faults.staleUrls) file.serial++;
  const name = file.serial === 0 ? file.key : `${file.key}.${file.serial}`;
  return `${base}/rec/${use === 'webhook' ? 'webhook_download' : 'download'}/${name}`;
}
