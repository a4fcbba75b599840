import type { ChannelLinks } from '../channels/channel-links.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Reader } from '../lib/reader.ts';
import { failure } from '../lib/result.ts';
import type { ZoomStanding } from './add-link-page.ts';
import { type LinkForm, linkFaults, linkValues } from './link-form.ts';
import type { LinkAlert, LinkFormFacts } from './link-form-page.ts';
import {
  type HostedMeeting,
  hostedMeeting,
  type LinkMeetingDeps,
  liveConnection,
  MOST_LINKS,
  type NotHosted,
} from './link-meeting.ts';
import type { Overlap } from './meeting-links.ts';
import { alreadyLinkedAlert, notHostedAlert, overlapAlert, tooManyAlert } from './meeting-links-alerts.ts';
import { isTimeZone } from './meeting-links-shown.ts';
import { meetingPaths } from './meeting-paths.ts';
import { usualSettings } from './meeting-settings.ts';

/** `host`: where a pasted link said that people join; null: at Zoom's usual place. */
export type AskedMeeting = { number: string; host: string | null };

/** What came of an attempt to link it. */
export type NewLinkShown = {
  form?: LinkForm;
  overlap?: Overlap;
  refused?: NotHosted | 'too-many' | 'already-linked';
  status?: number;
};

type Looking = { viewer: Viewer; links: ChannelLinks; reader: Reader };

/** What the form for a new link begins with. Zoom is asked whether the person hosts the meeting. */
export async function newLinkFacts(
  deps: LinkMeetingDeps,
  looking: Looking,
  asked: AskedMeeting,
  { form, overlap, refused }: NewLinkShown,
): Promise<LinkFormFacts> {
  const { viewer, links } = looking;
  const hosted = refused ? failure(refused) : await hostedMeeting(deps, viewer, asked.number);
  const meeting = hosted.ok ? hosted.value : null;
  const verified = meeting !== null;
  const reason = hosted.ok ? null : hosted.reason;
  const barred = await barrier(deps, looking, asked.number);
  const about = meetingFacts(asked.number, meeting);
  return {
    ...about,
    timeZone: await zoneOf(deps, viewer),
    values: form?.values ?? linkValues(usualSettings(about.kind, { verified, gone: about.inZoom === 'gone' })),
    faults: form ? linkFaults(form.values, verified) : {},
    shows: barred ? 'none' : verified ? 'all' : 'plain',
    alert: barred ?? (await alertOf(deps, looking, asked, { overlap, reason })),
    action: meetingPaths(links).add(),
    fields: hiddenFields(asked, verified, overlap),
    button: overlap ? 'link-anyway' : verified ? 'link' : 'link-unverified',
    ...{ verify: null, connect: false, remove: null },
  };
}

function hiddenFields({ number, host }: AskedMeeting, verified: boolean, overlap: Overlap | undefined) {
  return [
    { name: 'number', value: number },
    { name: 'host', value: host ?? '' },
    { name: 'verify', value: verified ? 'yes' : 'no' },
    { name: 'seenOverlap', value: (overlap?.with ?? []).map(({ id }) => id).join(',') },
  ];
}

function meetingFacts(number: string, meeting: HostedMeeting | null) {
  return {
    number,
    topic: meeting?.topic ?? null,
    kind: meeting?.kind ?? ('unknown' as const),
    nextAt: meeting?.times[0]?.startsAt ?? null,
    inZoom: meeting?.inZoom ?? ('unknown' as const),
    verified: meeting !== null,
  };
}

/** Why there is nothing to fill in. */
async function barrier(
  { meetingLinks }: LinkMeetingDeps,
  { viewer, links, reader }: Looking,
  number: string,
): Promise<LinkAlert | null> {
  const linked = await meetingLinks.linksOfChannel(viewer.channel.id);
  const here = linked.find((one) => one.number === number);
  if (here) return alreadyLinkedAlert(here, viewer, links, reader);
  return linked.length >= MOST_LINKS ? tooManyAlert(reader) : null;
}

async function alertOf(
  deps: LinkMeetingDeps,
  { viewer, links, reader }: Looking,
  asked: AskedMeeting,
  { overlap, reason }: { overlap: Overlap | undefined; reason: NonNullable<NewLinkShown['refused']> | null },
): Promise<LinkAlert | null> {
  if (overlap) return overlapAlert(deps, overlap.with, viewer, reader);
  if (reason === null || reason === 'too-many' || reason === 'already-linked') return null;
  return notHostedAlert(reason, await zoomStanding(deps, viewer), { links, reader, ...asked });
}

/** How a person stands with Zoom on this site. */
export async function zoomStanding(
  { api, connections }: Pick<LinkMeetingDeps, 'api' | 'connections'>,
  viewer: Viewer,
): Promise<ZoomStanding> {
  if (!api) return 'no-app';
  if (viewer.grant.launchOnly) return 'cannot';
  return (await connections.findConnectionOf(viewer.userId))?.state ?? 'none';
}

/** The zone that the days of a new link are meant in: the reader's, as the page shows times in it. */
export async function zoneOf(deps: LinkMeetingDeps, viewer: Viewer): Promise<string> {
  const { timeZone } = viewer.grant;
  if (timeZone && isTimeZone(timeZone)) return timeZone;
  const theirs = (await liveConnection(deps, viewer))?.profile.timeZone;
  return theirs && isTimeZone(theirs) ? theirs : 'UTC';
}
