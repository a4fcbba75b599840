import { type Request, type Response, Router } from 'express';
import { answer, meetingGone, refuse } from '../api/answers.ts';
import { readUuid } from '../api/uuid-param.ts';
import type { ZoomCore } from '../state.ts';
import type { ZoomUser } from '../users.ts';
import { writeDownloadToken } from './download-token.ts';
import { readSpan, type Span } from './list-query.ts';
import type { Media } from './media/media.ts';
import { listedFiles, recordingRow } from './rows.ts';
import type { SandboxRecording, ZoomRecordings } from './store.ts';
import { createTranscriptRoute } from './transcript.routes.ts';

export type RecordingRoutesDeps = { core: ZoomCore; store: ZoomRecordings; media: Media };

const MOST_TOKEN_SECONDS = 604_800;

/** The API of recordings, below `/zoom/v2`. */
export function createRecordingRoutes(deps: RecordingRoutesDeps): Router {
  const router = Router();
  router.get('/users/:user/recordings', (req, res) => listRecordings(deps, req, res));
  router.get('/meetings/:meeting/recordings', (req, res) => showRecording(deps, req, res));
  router.delete('/meetings/:meeting/recordings', (req, res) => deleteRecording(deps, req, res));
  router.delete('/meetings/:meeting/recordings/:file', (req, res) => deleteFile(deps, req, res));
  router.put('/meetings/:meeting/recordings/status', (req, res) => recoverRecording(deps, req, res));
  router.get('/meetings/:meeting/transcript', createTranscriptRoute(deps));
  return router;
}

function listRecordings({ core, store, media }: RecordingRoutesDeps, req: Request, res: Response) {
  const caller = core.authenticate(req, res, ['cloud_recording:read:list_user_recordings']);
  if (!caller || !mayRecord(caller.user, res)) return;
  if (req.params.user !== 'me') return refuse(res, 404, 1001, `User does not exist: ${req.params.user}.`);
  const query = new URL(req.originalUrl, core.base).searchParams;
  const span = readSpan(query, core);
  if (!span) {
    return refuse(res, 400, 300, 'Validation Failed.', [{ field: 'from', message: 'Must be a date, yyyy-mm-dd.' }]);
  }
  const trash = query.get('trash') === 'true';
  const number = query.get('meeting_id');
  const found = store
    .list(caller.user.key)
    .filter((recording) => number === null || recording.number === number)
    .filter((recording) => (trash ? isInTrash(recording, query.get('trash_type')) : isListed(recording, span)))
    .filter((recording) => listedFiles(recording, core.clock.now(), trash).length > 0);
  const page = core.page(req, res, found);
  if (!page) return;
  const meetings = page.rows.map((recording) => recordingRow({ core, media }, recording, trash ? 'trash' : 'list'));
  answer(res, 200, { from: span.from, to: span.to, ...page.fields, meetings });
}

// The days are those of UTC, both included.
function isListed({ trashedAt, startedAt }: SandboxRecording, span: Span): boolean {
  return trashedAt === null && startedAt >= span.start && startedAt < span.end;
}

function isInTrash({ trashedAt, files }: SandboxRecording, type: string | null): boolean {
  if (type === 'recording_file') return trashedAt === null && files.some((file) => file.trashedAt !== null);
  return trashedAt !== null;
}

function showRecording(deps: RecordingRoutesDeps, req: Request, res: Response) {
  const { core, media } = deps;
  const caller = core.authenticate(req, res, ['cloud_recording:read:list_recording_files']);
  if (!caller || !mayRecord(caller.user, res)) return;
  const recording = findRecording(deps, caller.user, req, res);
  if (!recording) return;
  const query = new URL(req.originalUrl, core.base).searchParams;
  const seconds = Number(query.get('ttl') ?? MOST_TOKEN_SECONDS);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MOST_TOKEN_SECONDS) {
    return refuse(res, 400, 300, 'Validation Failed.', [{ field: 'ttl', message: 'Must be from 0 to 604800.' }]);
  }
  const wanted = query.getAll('include_fields').join(',').split(',').includes('download_access_token');
  const token = writeDownloadToken(core, recording.uuid, core.clock.now() + seconds * 1000);
  answer(res, 200, {
    ...recordingRow({ core, media }, recording, 'one'),
    ...(wanted ? { download_access_token: token } : {}),
  });
}

function deleteRecording(deps: RecordingRoutesDeps, req: Request, res: Response): void {
  const recording = findForChange(deps, 'cloud_recording:delete:meeting_recording', req, res);
  if (!recording) return;
  if (req.query.action === 'delete') deps.store.remove(recording.uuid);
  else deps.store.trash(recording.uuid);
  res.status(204).end();
}

function deleteFile(deps: RecordingRoutesDeps, req: Request, res: Response) {
  const recording = findForChange(deps, 'cloud_recording:delete:recording_file', req, res);
  if (!recording) return;
  const file = recording.files.find(({ id, trashedAt }) => id === req.params.file && trashedAt === null);
  if (!file) return refuse(res, 404, 3301, 'There is no recording for this meeting.');
  if (req.query.action === 'delete') deps.store.remove(recording.uuid, file.id);
  else deps.store.trash(recording.uuid, file.id);
  res.status(204).end();
}

function recoverRecording(deps: RecordingRoutesDeps, req: Request, res: Response): void {
  const scope = 'cloud_recording:update:recover_meeting_recordings';
  const recording = findForChange(deps, scope, req, res, true);
  if (!recording) return;
  deps.store.recover(recording.uuid);
  res.status(204).end();
}

function findForChange(
  deps: RecordingRoutesDeps,
  scope: string,
  req: Request,
  res: Response,
  inTrash = false,
): SandboxRecording | null {
  const caller = deps.core.authenticate(req, res, [scope]);
  return caller && mayRecord(caller.user, res) ? findRecording(deps, caller.user, req, res, inTrash) : null;
}

/** The recording that the path means, a bare number being the newest instance; else the refusal was answered. */
function findRecording(
  { core, store }: RecordingRoutesDeps,
  user: ZoomUser,
  req: Request,
  res: Response,
  inTrash = false,
): SandboxRecording | null {
  const id = String(req.params.meeting);
  const isNumber = /^\d{9,11}$/.test(id);
  const uuid = readUuid(id);
  if (!isNumber && (uuid === null || !/^[\w+/=-]{20,40}$/.test(uuid))) {
    meetingGone(res, id);
    return null;
  }
  const newest = store.list(user.key).find((one) => one.number === id && (one.trashedAt !== null) === inTrash);
  const found = isNumber ? newest : store.get(uuid ?? '');
  const visible = found !== undefined && found.host === user.key && (found.trashedAt !== null) === inTrash;
  if (visible && (inTrash || listedFiles(found, core.clock.now()).length > 0)) return found;
  if (isNumber && !core.meetings.get(id)) meetingGone(res, id);
  else refuse(res, 404, 3301, 'There is no recording for this meeting.');
  return null;
}

function mayRecord({ type }: ZoomUser, res: Response): boolean {
  if (type === 1) refuse(res, 400, 200, 'Only available for paid account: cloud recording is not enabled.');
  return type !== 1;
}
