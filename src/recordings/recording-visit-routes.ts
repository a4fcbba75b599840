import type { Request, RequestHandler, Response } from 'express';
import type { Viewer, Visitor } from '../channels/viewer.ts';
import { readPlace } from '../channels/visit-routes.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { type ProblemReason, respondProblem } from '../web/problems.ts';
import { useFrameAncestors, useLocale } from '../web/request-context.ts';
import type { Viewers } from '../web/viewer.ts';
import type { MetRecording } from './met-recording.ts';
import type { RecordingId } from './recording.ts';
import { type RecordingLinks, recordingLinks } from './recording-links.ts';
import {
  ownStanding,
  type RecordingRight,
  type RecordingRights,
  recordingRights,
  standingOf,
} from './recording-policy.ts';
import type { RecordingStore } from './recording-store.ts';

export type RecordingVisitDeps = {
  viewers: Viewers;
  recordings: Pick<RecordingStore, 'findRecording'>;
};

/** A request for a recording, by somebody who may ask for it. */
export type RecordingVisit = MetRecording & { req: Request; res: Response; links: RecordingLinks };

/**
 * Makes handlers for routes below `/channels/:id/recordings/:recordingId` and `/recordings/:recordingId`. A recording that
 * somebody may not see is not there for them, nor one that is elsewhere than the address says.
 */
export function guardRecordings(deps: RecordingVisitDeps) {
  return (right: RecordingRight, handler: (visit: RecordingVisit) => Promise<void>): RequestHandler =>
    async (req, res) => {
      const { as } = readPlace(req);
      const channelId = typeof req.params.id === 'string' ? req.params.id : null;
      const met = await meetRecording(deps, req, { recordingId: String(req.params.recordingId), channelId, as });
      if (!met.ok) return respondProblem(req, res, met.reason);
      const { visitor, recording, rights } = met.value;
      useLocale(req, visitor.grant);
      useFrameAncestors(req, visitor.frameAncestors);
      if (!rights[right]) return respondProblem(req, res, isThere(rights) ? 'not-allowed' : 'no-such-recording');
      await handler({ req, res, ...met.value, links: recordingLinks(recording, visitor.grant.id) });
    };
}

/** Who asks for a recording where `channelId` says it is, and what they may do with it. */
export async function meetRecording(
  { viewers, recordings }: RecordingVisitDeps,
  req: Request,
  ask: { recordingId: string; channelId: string | null; as: string | null },
): Promise<Result<MetRecording, ProblemReason>> {
  const { recordingId, channelId, as } = ask;
  const looks = await whoLooks(viewers, req, channelId, as);
  if (!looks.ok) return looks;
  const recording = await recordings.findRecording(recordingId as RecordingId);
  if (!recording || recording.channelId !== channelId) return failure('no-such-recording');
  const { visitor, viewer } = looks.value;
  const standing = viewer ? standingOf(viewer, recording) : ownStanding(visitor, recording);
  return success({ ...looks.value, recording, rights: recordingRights(standing, recording, viewer?.channel ?? null) });
}

async function whoLooks(
  viewers: Viewers,
  req: Request,
  channelId: string | null,
  as: string | null,
): Promise<Result<{ visitor: Visitor; viewer: Viewer | null }, ProblemReason>> {
  if (channelId !== null) {
    const found = await viewers.resolve(req, channelId, as);
    return found.ok ? success({ visitor: found.value, viewer: found.value }) : found;
  }
  const found = await viewers.visitor(req, as);
  if (found.ok) return success({ visitor: found.value, viewer: null });
  return found.reason === 'not-allowed' ? failure('no-such-recording') : found;
}

function isThere(rights: RecordingRights): boolean {
  return rights.view || rights.restore;
}
