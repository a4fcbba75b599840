import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { ChannelId, UserId } from '../channels/channel.ts';
import { channelLinks } from '../channels/channel-links.ts';
import { can } from '../channels/channel-policy.ts';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import { placeOf } from '../channels/visit-routes.ts';
import { tidyLine } from '../lib/tidy-text.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import {
  binRecording,
  type ChangedRecording,
  type ChangeRecordingDeps,
  moveRecording,
  publishRecording,
  renameRecording,
  restoreRecording,
  reviewRecording,
} from './change-recording.ts';
import { editPage, LONGEST_TITLE } from './edit-page.ts';
import { findMoveTarget, type MoveDeps, moveTargets } from './move-recording.ts';
import { myRecordingsLinks, recordingLinks } from './recording-links.ts';
import { RECORDING_NOTICE, type RecordingNotice } from './recording-notice.ts';
import type { RecordingRight } from './recording-policy.ts';
import type { RecordingStore } from './recording-store.ts';
import { guardRecordings, type RecordingVisit, type RecordingVisitDeps } from './recording-visit-routes.ts';
import { viewsPage } from './views-page.ts';
import { RECORDING_PATHS } from './watch.routes.ts';

export type RecordingChangeRoutesDeps = RecordingVisitDeps &
  ChangeRecordingDeps &
  MoveDeps & {
    recordings: Pick<RecordingStore, 'findRecording' | 'changeRecording' | 'listWatching' | 'countWatching'>;
    channels: Pick<ChannelStore, 'contextsOfChannel'>;
    memberships: Pick<MembershipStore, 'findUsers'>;
    csrf: RequestHandler;
  };

/** Changing one recording, and who watched it. */
export function recordingChangeRoutes(deps: RecordingChangeRoutesDeps): Router {
  const routes = Router();
  const guard = guardRecordings(deps);
  const below = (step: string) => RECORDING_PATHS.map((path) => `${path}/${step}`);
  routes.get(
    below('edit'),
    guard('move', (visit) => showEdit(deps, visit, null)),
  );
  routes.get(
    below('views'),
    guard('seeViews', (visit) => showViews(deps, visit)),
  );
  const post = (step: string, right: RecordingRight, handler: (visit: RecordingVisit) => Promise<void>) =>
    routes.post(below(step), deps.csrf, guard(right, handler));
  post('rename', 'edit', (visit) => rename(deps, visit));
  post('publish', 'publish', (visit) => answer(visit, publishRecording(deps, of(visit), 'published'), 'published'));
  post('unpublish', 'publish', (visit) => answer(visit, publishRecording(deps, of(visit), 'hidden'), 'unpublished'));
  post('approve', 'review', (visit) => answerInList(visit, reviewRecording(deps, of(visit), 'none'), 'approved'));
  post('refuse', 'review', (visit) => answerInList(visit, reviewRecording(deps, of(visit), 'refused'), 'refused'));
  post('move', 'move', (visit) => move(deps, visit));
  post('bin', 'bin', (visit) => answerInList(visit, binRecording(deps, of(visit)), 'binned'));
  routes.post(
    '/channels/:id/recordings/:recordingId/restore',
    deps.csrf,
    guard('restore', (visit) => restore(deps, visit)),
  );
  return routes;
}

function of({ recording, visitor }: RecordingVisit) {
  return { recording, by: visitor.userId };
}

/** Goes back to the recording, with what became of the change. */
async function answer({ res, links }: RecordingVisit, changed: Promise<ChangedRecording>, done: RecordingNotice) {
  const result = await changed;
  redirect(res, 303, links.watch({ done: result.ok ? done : result.reason }));
}

/** Goes back to the list that the recording stood in. */
async function answerInList(visit: RecordingVisit, changed: Promise<ChangedRecording>, done: RecordingNotice) {
  const result = await changed;
  redirect(visit.res, 303, listLink(visit, result.ok ? done : result.reason));
}

function listLink({ viewer, visitor, recording }: RecordingVisit, done: RecordingNotice): string {
  const query = { done, of: recording.id };
  const as = visitor.grant.id;
  return viewer ? channelLinks(viewer.channel.id, as).recordings(query) : myRecordingsLinks(as).library(query);
}

async function showEdit(deps: RecordingChangeRoutesDeps, visit: RecordingVisit, typed: string | null): Promise<void> {
  const { req, res, viewer, visitor, recording, links } = visit;
  const targets = await moveTargets(deps, visitor, recording);
  const { done } = RECORDING_NOTICE.parse(req.query);
  const courses = viewer ? await deps.channels.contextsOfChannel(viewer.channel.id) : [];
  const place = placeOf(req, 'recordings', courses);
  const page = editPage(visit, { targets, typed, done }, { links, reader: readerOf(req), place });
  renderPage(req, res, 'recordings/edit', page, { status: typed === null ? 200 : 422 });
}

const TITLE_FORM = z.object({ title: z.string().max(2_000) });

async function rename(deps: RecordingChangeRoutesDeps, visit: RecordingVisit): Promise<void> {
  const form = TITLE_FORM.safeParse(visit.req.body);
  if (!form.success) return respondProblem(visit.req, visit.res, 'bad-request');
  const title = tidyLine(form.data.title, LONGEST_TITLE + 1);
  if (title === '' || title.length > LONGEST_TITLE) return showEdit(deps, visit, form.data.title);
  await answer(visit, renameRecording(deps, of(visit), title), 'renamed');
}

const MOVE_FORM = z.object({ to: z.string().min(1).max(64) });

async function move(deps: RecordingChangeRoutesDeps, visit: RecordingVisit): Promise<void> {
  const { req, res, visitor, recording, links } = visit;
  const form = MOVE_FORM.safeParse(req.body);
  if (!form.success) return respondProblem(req, res, 'bad-request');
  const { to } = form.data;
  const target = to === 'library' ? null : await findMoveTarget(deps, visitor, recording, to as ChannelId);
  if (to !== 'library' && !target) return redirect(res, 303, links.step('edit', { done: 'not-possible' }));
  const channelId = target?.channel.id ?? null;
  const waits = target?.waits ?? false;
  const moved = await moveRecording(deps, of(visit), { channelId, waits });
  if (!moved.ok) return redirect(res, 303, links.watch({ done: moved.reason }));
  const done = channelId === null ? 'moved-to-library' : waits ? 'moved-waits' : 'moved';
  // In somebody else's library it is out of sight.
  if (channelId === null && recording.ownerId !== visitor.userId) return redirect(res, 303, listLink(visit, done));
  redirect(res, 303, recordingLinks(moved.value, visitor.grant.id).watch({ done }));
}

/** Back into its channel; an owner who may contribute no more gets it in their library. */
async function restore(deps: RecordingChangeRoutesDeps, visit: RecordingVisit): Promise<void> {
  const { viewer, recording } = visit;
  const mayStay =
    viewer !== null && (can(viewer, 'moderate', viewer.channel) || can(viewer, 'contribute', viewer.channel));
  const to = mayStay ? recording.channelId : null;
  await answerInList(visit, restoreRecording(deps, of(visit), to), to === null ? 'restored-to-library' : 'restored');
}

const VIEWS_PER_PAGE = 50;
const VIEWS_QUERY = z.object({ cursor: z.string().max(2000).nullable().catch(null) });

async function showViews(deps: RecordingChangeRoutesDeps, visit: RecordingVisit): Promise<void> {
  const { req, res, viewer, recording, links } = visit;
  if (!viewer) return respondProblem(req, res, 'no-such-recording');
  const { cursor } = VIEWS_QUERY.parse(req.query);
  const request = { limit: VIEWS_PER_PAGE, ...(cursor === null ? {} : { cursor }) };
  const page = await deps.recordings.listWatching(recording.id, request);
  const counts = (await deps.recordings.countWatching([recording.id])).get(recording.id) ?? { views: 0, people: 0 };
  const people = await membersAmong(
    deps,
    viewer.channel.id,
    page.items.map(({ userId }) => userId),
  );
  const place = placeOf(req, 'recordings', await deps.channels.contextsOfChannel(viewer.channel.id));
  const facts = { page, counts, people, cursor };
  renderPage(req, res, 'recordings/views', viewsPage(visit, facts, { links, reader: readerOf(req), place }));
}

/** A recording may have come from another channel: who watched it there is no business of this one. */
async function membersAmong({ memberships }: RecordingChangeRoutesDeps, channelId: ChannelId, ids: readonly UserId[]) {
  const found = await Promise.all(ids.map((id) => memberships.findMembership(channelId, id)));
  const members = found.flatMap((membership) => (membership ? [membership.userId] : []));
  const users = members.length === 0 ? [] : await memberships.findUsers(members);
  return new Map(users.map((user) => [user.id, user]));
}
