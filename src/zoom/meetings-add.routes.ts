import { Router } from 'express';
import { z } from 'zod';
import { guardWith, placeOf, type Visit, type VisitHandler } from '../channels/visit-routes.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import { type AddLinkFacts, addLinkPage } from './add-link-page.ts';
import { linkFaults, linkSettings, readLinkForm } from './link-form.ts';
import { type AskedMeeting, type NewLinkShown, newLinkFacts, zoneOf, zoomStanding } from './link-form-new.ts';
import { linkFormPage } from './link-form-page.ts';
import { linkMeeting, liveConnection } from './link-meeting.ts';
import { type Pickable, pickableMeetings } from './meeting-links-picker.ts';
import { mayLink } from './meeting-links-policy.ts';
import { meetingPaths } from './meeting-paths.ts';
import { usualSettings } from './meeting-settings.ts';
import type { MeetingRoutesDeps } from './meetings-deps.routes.ts';
import { isMeetingNumber, readMeetingNumber } from './read-meeting-number.ts';
import { isZoomSite } from './zoom-address.ts';
import type { ZoomFault } from './zoom-api.ts';

const PASTED_LENGTH = 20_000;

/** Finding a meeting and tying it to a channel. */
export function addMeetingRoutes(deps: MeetingRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  const forLinkers =
    (handler: VisitHandler): VisitHandler =>
    async (visit) =>
      mayLink(visit.viewer) ? handler(visit) : respondProblem(visit.req, visit.res, 'not-allowed');
  routes.get('/channels/:id/meetings/add', guard('contribute', forLinkers(showAdd(deps))));
  routes.post('/channels/:id/meetings/add/look', deps.csrf, guard('contribute', forLinkers(look(deps))));
  routes.post('/channels/:id/meetings/add', deps.csrf, guard('contribute', forLinkers(add(deps))));
  return routes;
}

const QUERY = z.object({
  number: z.string().nullable().catch(null),
  host: z.string().max(253).nullable().catch(null),
  q: z.string().max(200).catch(''),
});

function showAdd(deps: MeetingRoutesDeps): VisitHandler {
  return async (visit) => {
    const { number, host, q } = QUERY.parse(visit.req.query);
    if (number === null) return showChoice(deps, visit, { q });
    if (!isMeetingNumber(number)) return respondProblem(visit.req, visit.res, 'bad-request');
    return showForm(deps, visit, { number, host: zoomHost(host) });
  };
}

/** What is posted may hold a passcode; only the number and Zoom's host go on from here. */
function look(deps: MeetingRoutesDeps): VisitHandler {
  return async (visit) => {
    const { viewer, res, links } = visit;
    const typed = z.object({ text: z.string().max(PASTED_LENGTH).catch('') }).parse(visit.req.body ?? {}).text;
    const read = readMeetingNumber(typed, deps.trial);
    if (!read.ok) return showChoice(deps, visit, { typed, fault: read.reason, status: 422 });
    const paths = meetingPaths(links);
    if (read.value.kind === 'number') {
      const { number, joinUrl } = read.value;
      const host = zoomHost(new URL(joinUrl).hostname);
      return redirect(res, 303, paths.add({ number, host: host === 'zoom.us' ? null : host }));
    }
    const connection = await liveConnection(deps, viewer);
    const { personalLink, personalRoom } = connection?.profile ?? {};
    if (personalRoom && personalLink === read.value.name)
      return redirect(res, 303, paths.add({ number: personalRoom }));
    const fault = connection ? 'personal-link' : 'personal-link-unconnected';
    return showChoice(deps, visit, { typed, fault, status: 422 });
  };
}

/** Members are sent to this host, so it is one of Zoom's own or none. */
function zoomHost(host: string | null): string | null {
  return host !== null && isZoomSite(host) ? host : null;
}

async function showChoice(
  deps: MeetingRoutesDeps,
  visit: Visit,
  shown: Partial<Pick<AddLinkFacts, 'q' | 'typed' | 'fault'>> & { status?: number },
): Promise<void> {
  const { req, res, viewer, links } = visit;
  const standing = await zoomStanding(deps, viewer);
  const picked = standing === 'live' ? await readPickable(deps, visit) : { pickable: null, listFault: null };
  const facts = { q: '', typed: '', fault: null, ...shown, standing, ...picked };
  const place = placeOf(req, 'meetings', await deps.channels.contextsOfChannel(viewer.channel.id));
  const page = addLinkPage(viewer, facts, { links, reader: readerOf(req), place });
  renderPage(req, res, 'zoom/add-meeting', page, { status: shown.status ?? 200 });
}

async function readPickable(
  deps: MeetingRoutesDeps,
  { viewer }: Visit,
): Promise<{ pickable: Pickable[] | null; listFault: ZoomFault | null }> {
  const connection = await liveConnection(deps, viewer);
  if (!connection || !deps.api) return { pickable: null, listFault: null };
  const [listed, recorded, linked] = await Promise.all([
    deps.api.meetings(connection.id),
    deps.recordedMeetings(connection.id),
    deps.meetingLinks.linksOfChannel(viewer.channel.id),
  ]);
  const { personalRoom } = connection.profile;
  const known = { meetings: listed.ok ? listed.value : [], recorded, personalRoom };
  return { pickable: pickableMeetings(known, linked, deps.clock()), listFault: listed.ok ? null : listed.reason };
}

async function showForm(deps: MeetingRoutesDeps, visit: Visit, asked: AskedMeeting, shown: NewLinkShown = {}) {
  const { req, res, viewer, links } = visit;
  const reader = readerOf(req);
  const facts = await newLinkFacts(deps, { viewer, links, reader }, asked, shown);
  const place = placeOf(req, 'meetings', await deps.channels.contextsOfChannel(viewer.channel.id));
  const page = linkFormPage(viewer, facts, { links, reader, place });
  renderPage(req, res, 'zoom/meeting-link', page, { status: shown.status ?? 200 });
}

const LINK_FORM = z.object({
  number: z.string(),
  host: z.string().max(253).catch(''),
  verify: z.enum(['yes', 'no']).catch('no'),
});

function add(deps: MeetingRoutesDeps): VisitHandler {
  return async (visit) => {
    const { req, res, viewer, links } = visit;
    const sent = LINK_FORM.safeParse(req.body);
    if (!sent.success || !isMeetingNumber(sent.data.number)) return respondProblem(req, res, 'bad-request');
    const asked = { number: sent.data.number, host: zoomHost(sent.data.host) };
    const verify = sent.data.verify === 'yes';
    const form = readLinkForm(req.body);
    if (Object.keys(linkFaults(form.values, verify)).length > 0) {
      return showForm(deps, visit, asked, { form, status: 422 });
    }
    const linked = await linkMeeting(deps, {
      who: viewer,
      number: asked.number,
      joinHost: asked.host,
      settings: linkSettings(form.values, usualSettings('unknown', { verified: false, gone: false }), verify),
      timeZone: await zoneOf(deps, viewer),
      verify,
      seenOverlap: form.seenOverlap,
    });
    if (linked.ok) {
      await deps.onLinkChanged(linked.value);
      const notice = linked.value.connectionId === null ? 'meeting-linked-unverified' : 'meeting-linked';
      return redirect(res, 303, links.meetings({ notice }));
    }
    if (linked.reason === 'not-allowed') return respondProblem(req, res, linked.reason);
    if ('with' in linked) return showForm(deps, visit, asked, { form, overlap: linked, status: 409 });
    return showForm(deps, visit, asked, { form, refused: linked.reason, status: 422 });
  };
}
