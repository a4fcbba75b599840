import { type Request, type Response, Router } from 'express';
import type { ZoomCore } from '../state.ts';
import type { ZoomUser } from '../users.ts';
import { answer, refuse, zoomTime } from './answers.ts';

/** `/users/me` and its settings. An app of one person knows nobody but `me`. */
export function createUsersApi(core: ZoomCore): Router {
  const router = Router();
  router.get('/users/me', (req, res) => {
    const caller = core.authenticate(req, res, ['user:read:user']);
    if (caller) answer(res, 200, describeUser(caller.user, core.base));
  });
  router.get('/users/me/settings', (req, res) => {
    const caller = core.authenticate(req, res, ['user:read:settings']);
    if (caller) answer(res, 200, { recording: describeSettings(caller.user) });
  });
  router.get(['/users/:id', '/users/:id/*rest'], (req, res, next) => {
    if (req.params.id === 'me') return next();
    refuseOthers(core, req, res);
  });
  return router;
}

function refuseOthers(core: ZoomCore, req: Request, res: Response): void {
  if (core.authenticate(req, res, [])) refuse(res, 404, 1001, `User does not exist: ${req.params.id}.`);
}

function describeUser(user: ZoomUser, base: string): object {
  return {
    id: user.id,
    first_name: user.firstName,
    last_name: user.lastName,
    display_name: `${user.firstName} ${user.lastName}`,
    email: user.email,
    type: user.type,
    role_name: 'Member',
    pmi: Number(user.pmi),
    use_pmi: user.usePmi,
    vanity_url: `${base}/my/${user.firstName}.${user.lastName}`.toLowerCase(),
    personal_meeting_url: `${base}/j/${user.pmi}?pwd=cm9vbQ`,
    timezone: user.timezone,
    verified: 1,
    dept: '',
    created_at: zoomTime(user.createdAt),
    pic_url: '',
    language: user.language,
    status: user.status,
    account_id: user.accountId,
    account_number: 70_000_001,
    cluster: 'sandbox',
  };
}

function describeSettings({ settings }: ZoomUser): object {
  return {
    local_recording: true,
    cloud_recording: settings.cloudRecording,
    recording_audio_transcript: settings.audioTranscript,
    auto_recording: settings.autoRecording,
    auto_delete_cmr: settings.autoDeleteDays !== null,
    auto_delete_cmr_days: settings.autoDeleteDays ?? 30,
  };
}
