import { type Request, type Response, Router } from 'express';
import { bearer } from '../../access-tokens.ts';
import { answer, answerHtml, refuse } from '../api/answers.ts';
import { type DownloadFault, takeSpoilt } from '../faults.ts';
import type { ZoomCore } from '../state.ts';
import { readDownloadToken } from './download-token.ts';
import { filesAddress } from './files-host.ts';
import type { SandboxFile, SandboxRecording, ZoomRecordings } from './store.ts';

type Deps = { core: ZoomCore; store: ZoomRecordings };

/** The first host of downloads, below `/zoom/rec`: checks the token, and sends on to the second. */
export function createDownloadRoutes(deps: Deps): Router {
  const router = Router();
  router.get(['/download/:name', '/webhook_download/:name'], (req, res) => download(deps, req, res));
  router.get('/again/:name', (req, res) => redirect(res, `${deps.core.base}/rec/again/${req.params.name}`));
  return router;
}

function download({ core, store }: Deps, req: Request, res: Response) {
  const fault = takeSpoilt(core.faults, 'download', req.originalUrl);
  if (fault === 'unauthorized') return refuse(res, 401, 124, 'Invalid access token.');
  const [key = '', serial = '0'] = String(req.params.name).split('.');
  const found = store.fileOf(key);
  const allowed = mayDownload(core, found?.recording, bearer(req.headers.authorization));
  if (allowed === 'no-token') return refuse(res, 401, 124, 'Invalid access token.');
  if (!found || fault === 'not-found' || !isThere(core, found) || Number(serial) !== found.file.serial) {
    return answerHtml(res, 404, 'This recording does not exist.');
  }
  if (allowed === 'stranger') return notHost(res);
  if (!answerFault(core, res, fault)) redirect(res, filesAddress(core, found, fault));
}

// A page with status 200, which is not a film.
function notHost(res: Response): void {
  answerHtml(res, 200, 'Only the host can download this recording.');
}

function answerFault(core: ZoomCore, res: Response, fault: DownloadFault | null): boolean {
  if (fault === 'html-200') notHost(res);
  else if (fault === 'json-200') {
    answer(res, 200, { code: 200, message: 'Download has been disabled by the administrator.' });
  } else if (fault === 'unavailable') answerHtml(res, 503, '503 Service Temporarily Unavailable');
  else if (fault === 'foreign-redirect') redirect(res, 'https://recordings.invalid/cmr/replay/film.mp4');
  else if (fault === 'private-redirect') redirect(res, 'http://10.0.0.1/film.mp4');
  else if (fault === 'metadata-redirect') redirect(res, 'http://169.254.169.254/latest/meta-data/');
  else if (fault === 'redirect-loop') redirect(res, `${core.base}/rec/again/film`);
  else return false;
  return true;
}

type Allowed = 'yes' | 'stranger' | 'no-token';

/** The token is the host's own, or one that was made for this recording. Tokens in the address are not looked at. */
function mayDownload(core: ZoomCore, recording: SandboxRecording | undefined, token: string): Allowed {
  const own = readDownloadToken(core, token);
  if (own !== null) return recording === undefined || own === recording.uuid ? 'yes' : 'stranger';
  const read = core.grants.readAccess(token);
  if (!read.ok) return 'no-token';
  return recording === undefined || read.value.user.key === recording.host ? 'yes' : 'stranger';
}

function isThere(core: ZoomCore, { recording, file }: { recording: SandboxRecording; file: SandboxFile }): boolean {
  return recording.trashedAt === null && file.trashedAt === null && file.readyAt <= core.clock.now();
}

function redirect(res: Response, location: string): void {
  res.status(302).setHeader('Location', location);
  res.end();
}
