import { Router } from 'express';
import { guardWith, placeOf, type Visit, type VisitHandler } from '../channels/visit-routes.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import { type LinkForm, linkFaults, linkSettings, linkValues, readLinkForm } from './link-form.ts';
import { type LinkAlert, type LinkFormFacts, linkFormPage } from './link-form-page.ts';
import { liveConnection, verifyLink } from './link-meeting.ts';
import { nameOf } from './links-page.ts';
import type { MeetingLink, MeetingLinkId } from './meeting-link.ts';
import { editLink, type Overlap, removeLink } from './meeting-links.ts';
import { notVerifiedAlert, overlapAlert } from './meeting-links-alerts.ts';
import { type LinkRights, linkRights } from './meeting-links-policy.ts';
import { shownMeetings } from './meeting-links-shown.ts';
import { meetingPaths } from './meeting-paths.ts';
import { settingsOf } from './meeting-settings.ts';
import type { MeetingRoutesDeps } from './meetings-deps.routes.ts';
import { removeLinkPage } from './remove-link-page.ts';

type LinkHandler = (visit: Visit, link: MeetingLink, rights: LinkRights) => Promise<void>;

/** One linked meeting: its settings, verifying and removing it. */
export function meetingLinkRoutes(deps: MeetingRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  const withLink = (handler: LinkHandler) => guard('contribute', ofChannel(deps, handler));
  const path = '/channels/:id/meetings/:linkId';
  routes.get(
    path,
    withLink((visit, link, rights) => showLink(deps, visit, { link, rights })),
  );
  routes.post(path, deps.csrf, withLink(save(deps)));
  routes.post(`${path}/verify`, deps.csrf, withLink(verify(deps)));
  routes.get(`${path}/remove`, withLink(askToRemove(deps)));
  routes.post(`${path}/remove`, deps.csrf, withLink(remove(deps)));
  return routes;
}

/** Another channel's link is not there; one that the person can do nothing with is not theirs to open. */
function ofChannel({ meetingLinks }: MeetingRoutesDeps, handler: LinkHandler): VisitHandler {
  return async (visit) => {
    const { req, res, viewer } = visit;
    const link = await meetingLinks.findLink(String(req.params.linkId) as MeetingLinkId);
    if (link?.channelId !== viewer.channel.id) return respondProblem(req, res, 'no-such-meeting-link');
    const rights = linkRights(viewer, link);
    if (rights.edit === null && !rights.verify) return respondProblem(req, res, 'not-allowed');
    await handler(visit, link, rights);
  };
}

type Shown = {
  link: MeetingLink;
  rights: LinkRights;
  form?: LinkForm;
  overlap?: Overlap;
  verifyOverlap?: Overlap;
  alert?: LinkAlert;
  status?: number;
};

async function showLink(deps: MeetingRoutesDeps, visit: Visit, shown: Shown): Promise<void> {
  const { req, res, viewer, links } = visit;
  const { link, rights, form } = shown;
  const reader = readerOf(req);
  const paths = meetingPaths(links);
  const [next] = shownMeetings([link], deps.clock());
  const values = form?.values ?? linkValues(settingsOf(link));
  const overlap = shown.overlap ?? shown.verifyOverlap;
  const asked = overlap && (await overlapAlert(deps, overlap.with, viewer, reader));
  const connected = rights.verify && (await liveConnection(deps, viewer)) !== null;
  const verifying = { action: paths.verify(link.id), seenOverlap: idsOf(shown.verifyOverlap) };
  const facts: LinkFormFacts = {
    number: link.number,
    topic: link.topic,
    kind: link.kind,
    nextAt: next?.times[0]?.startsAt ?? null,
    inZoom: link.inZoom,
    verified: link.connectionId !== null,
    timeZone: link.timeZone,
    values,
    faults: form ? linkFaults(values, showsOf(link, rights) === 'all') : {},
    shows: showsOf(link, rights),
    alert: shown.alert ?? asked ?? null,
    action: paths.link(link.id),
    fields: [
      { name: 'was', value: JSON.stringify(form?.was ?? settingsOf(link)) },
      { name: 'seenOverlap', value: idsOf(shown.overlap) },
    ],
    button: shown.overlap ? 'save-anyway' : 'save',
    verify: connected ? { ...verifying, anyway: shown.verifyOverlap !== undefined } : null,
    connect: rights.verify && !connected && deps.api !== null,
    remove: rights.remove ? paths.remove(link.id) : null,
  };
  const place = placeOf(req, 'meetings', await deps.channels.contextsOfChannel(viewer.channel.id));
  const page = linkFormPage(viewer, facts, { links, reader, place });
  renderPage(req, res, 'zoom/meeting-link', page, { status: shown.status ?? 200 });
}

function idsOf(overlap: Overlap | undefined): string {
  return (overlap?.with ?? []).map(({ id }) => id).join(',');
}

function showsOf({ connectionId, mode }: MeetingLink, { edit }: LinkRights): LinkFormFacts['shows'] {
  if (edit === null) return 'none';
  if (connectionId === null) return 'plain';
  if (edit === 'all') return 'all';
  return mode === 'automatic' ? 'stop' : 'plain';
}

function save(deps: MeetingRoutesDeps): LinkHandler {
  return async (visit, link, rights) => {
    const { req, res, viewer, links } = visit;
    const shows = showsOf(link, rights);
    const form = readLinkForm(req.body);
    if (form.was === null) return respondProblem(req, res, 'bad-request');
    const shown = { link, rights, form };
    if (Object.keys(linkFaults(form.values, shows === 'all')).length > 0) {
      return showLink(deps, visit, { ...shown, status: 422 });
    }
    const plain = linkSettings(form.values, settingsOf(link), shows === 'all');
    const wanted = shows === 'stop' ? { ...plain, mode: form.values.mode } : plain;
    const { was, seenOverlap } = form;
    const saved = await editLink(deps, link, { who: viewer, wanted, was, seenOverlap });
    if (saved.ok) {
      await deps.onLinkChanged(link);
      return redirect(res, 303, links.meetings({ notice: saved.value.changed ? 'meeting-saved' : 'nothing-changed' }));
    }
    if ('with' in saved) return showLink(deps, visit, { ...shown, overlap: saved, status: 409 });
    if (saved.reason !== 'changed-meanwhile') return respondProblem(req, res, saved.reason);
    return showMeanwhile(deps, visit);
  };
}

/** As it stands after somebody else saved, which is read again. */
async function showMeanwhile(deps: MeetingRoutesDeps, visit: Visit): Promise<void> {
  const { t } = readerOf(visit.req);
  const alert = { title: t('meetings.meanwhile.title'), lines: [t('meetings.meanwhile.text')], action: null };
  const show: LinkHandler = (again, link, rights) => showLink(deps, again, { link, rights, alert, status: 409 });
  await ofChannel(deps, show)(visit);
}

function verify(deps: MeetingRoutesDeps): LinkHandler {
  return async (visit, link, rights) => {
    const { req, res, viewer, links } = visit;
    const { seenOverlap } = readLinkForm(req.body);
    const verified = await verifyLink(deps, link, { who: viewer, seenOverlap });
    if (verified.ok) return redirect(res, 303, meetingPaths(links).link(link.id, { notice: 'meeting-verified' }));
    if ('with' in verified) return showLink(deps, visit, { link, rights, verifyOverlap: verified, status: 409 });
    const { reason } = verified;
    if (reason === 'not-allowed' || reason === 'no-such-meeting-link') return respondProblem(req, res, reason);
    await showLink(deps, visit, {
      link,
      rights,
      alert: notVerifiedAlert(reason, link, { links, reader: readerOf(req) }),
      status: 422,
    });
  };
}

function askToRemove(deps: MeetingRoutesDeps): LinkHandler {
  return async ({ req, res, viewer, links }, link, { remove: may }) => {
    if (!may) return respondProblem(req, res, 'not-allowed');
    const place = placeOf(req, 'meetings', await deps.channels.contextsOfChannel(viewer.channel.id));
    const reader = readerOf(req);
    const name = nameOf(link, reader);
    renderPage(req, res, 'channels/ask', removeLinkPage(viewer, { link, name }, { links, reader, place }));
  };
}

function remove(deps: MeetingRoutesDeps): LinkHandler {
  return async ({ req, res, viewer, links }, link, { remove: may }) => {
    if (!may) return respondProblem(req, res, 'not-allowed');
    await removeLink(deps, link, viewer);
    redirect(res, 303, links.meetings({ notice: 'meeting-removed' }));
  };
}
