import { type RequestHandler, Router } from 'express';
import type { UserId } from '../channels/channel.ts';
import { channelLinks } from '../channels/channel-links.ts';
import { redirect } from '../web/redirect.ts';
import type { Recording, RecordingId } from './recording.ts';
import { myRecordingsLinks } from './recording-links.ts';
import type { RecordingNotice } from './recording-notice.ts';
import { guardRecordings, type RecordingVisit, type RecordingVisitDeps } from './recording-visit-routes.ts';
import { RECORDING_PATHS } from './watch.routes.ts';

export type ImportRoutesDeps = RecordingVisitDeps & {
  imports: {
    retryImport(ask: { recordingId: RecordingId; by: UserId }): Promise<Recording | null>;
    cancelImport(id: RecordingId): Promise<Recording | null>;
  };
  csrf: RequestHandler;
};

/** Stopping one's own import, and asking for it again. Pressed twice, or too late, it changes nothing and says so. */
export function importRoutes(deps: ImportRoutesDeps): Router {
  const { imports, csrf } = deps;
  const routes = Router();
  const guard = guardRecordings(deps);
  const below = (step: string) => RECORDING_PATHS.map((path) => `${path}/${step}`);
  routes.post(
    below('retry-import'),
    csrf,
    guard('steerImport', async (visit) => {
      const { recording, visitor } = visit;
      const asked = await imports.retryImport({ recordingId: recording.id, by: visitor.userId });
      answer(visit, asked ? 'import-asked' : 'import-over');
    }),
  );
  routes.post(
    below('cancel-import'),
    csrf,
    guard('steerImport', async (visit) => {
      const ended = await imports.cancelImport(visit.recording.id);
      answer(visit, ended ? 'import-cancelled' : 'import-over');
    }),
  );
  return routes;
}

function answer({ res, viewer, visitor, recording }: RecordingVisit, done: RecordingNotice): void {
  const as = visitor.grant.id;
  const query = { done, of: recording.id };
  redirect(
    res,
    303,
    viewer ? channelLinks(viewer.channel.id, as).recordings(query) : myRecordingsLinks(as).library(query),
  );
}
