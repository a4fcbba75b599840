import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { ConnectionId } from './connection.ts';
import type { MeetingKind, MeetingLink, MeetingLinkId } from './meeting-link.ts';
import type { ZoomApi, ZoomFault, ZoomMeeting } from './zoom-api.ts';
import type { MeetingLinkStore } from './zoom-store.ts';

/** Keeps what is known of linked meetings fresh, beside the requests that look at them. */
export type MeetingTimes = {
  /** Begins to ask Zoom again about those that were not asked for a while; nobody waits for it. */
  refreshDue(links: readonly MeetingLink[]): void;
  /** Why the last attempt of this process to ask failed; null when it did not. What was known still stands. */
  faultOf(link: Pick<MeetingLink, 'id'>): ZoomFault | null;
  /** A webhook told that a meeting was changed. Resolves when Zoom was asked. */
  meetingChanged(connectionId: ConnectionId, number: string): Promise<void>;
};

export type MeetingTimesDeps = {
  api: ZoomApi;
  meetingLinks: Pick<MeetingLinkStore, 'changeLink' | 'linksOfConnection'>;
  clock: Clock;
  log: Logger;
  /** Aborts when the process is to end. */
  stopping: AbortSignal;
};

/** How long what Zoom told is taken as it is, in milliseconds. */
const TIMES_GOOD_FOR_MS = 15 * 60_000;
const ATTEMPTS_KEPT = 2_000;
const TIMES_KEPT = 20;

type Attempt = { at: number; fault: ZoomFault | null };

export function createMeetingTimes(deps: MeetingTimesDeps): MeetingTimes {
  const { meetingLinks, clock, log, stopping } = deps;
  const attempts = new Map<MeetingLinkId, Attempt>();
  const noteAttempt = (id: MeetingLinkId, fault: ZoomFault | null) => {
    attempts.delete(id);
    attempts.set(id, { at: clock(), fault });
    const [oldest] = attempts.keys();
    if (attempts.size > ATTEMPTS_KEPT && oldest !== undefined) attempts.delete(oldest);
  };
  const isDue = ({ id, connectionId, checkedAt }: MeetingLink, now: number) =>
    connectionId !== null && now - Math.max(checkedAt ?? 0, attempts.get(id)?.at ?? 0) >= TIMES_GOOD_FOR_MS;

  // One after the other: an account's calls are counted together.
  const refreshAll = async (links: readonly MeetingLink[]) => {
    for (const link of links) {
      if (stopping.aborted) return;
      noteAttempt(link.id, await refreshMeetingTimes(deps, link));
    }
  };
  return {
    refreshDue(links) {
      const now = clock();
      const due = links.filter((link) => isDue(link, now));
      // Noted before they are asked for, so that the next request asks for none of them again.
      for (const { id } of due) noteAttempt(id, attempts.get(id)?.fault ?? null);
      refreshAll(due).catch((error: unknown) => {
        if (!stopping.aborted) log.warn({ err: error }, 'meetings could not be refreshed');
      });
    },
    faultOf: ({ id }) => attempts.get(id)?.fault ?? null,
    async meetingChanged(connectionId, number) {
      const links = await meetingLinks.linksOfConnection(connectionId);
      await refreshAll(links.filter((link) => link.number === number));
    },
  };
}

/** Asks Zoom for one linked meeting and writes what it says. A failed attempt changes nothing; its reason is returned. */
async function refreshMeetingTimes(
  { api, meetingLinks, clock, log, stopping }: MeetingTimesDeps,
  link: MeetingLink,
): Promise<ZoomFault | null> {
  if (link.connectionId === null) return null;
  const answer = await api.meeting(link.connectionId, link.number, { log, signal: stopping });
  if (!answer.ok && answer.reason !== 'not-found') return answer.reason;
  const now = clock();
  const news = answer.ok ? tellsOf(answer.value, now) : ({ inZoom: 'gone', times: [] } as const);
  if (stopping.aborted) return null;
  await meetingLinks.changeLink(link.id, now, (current) => {
    if (current.connectionId !== link.connectionId) return null;
    // The number of a personal room says more than the type that Zoom gives to one meeting held in it.
    const kind = current.kind === 'personal-room' || !('kind' in news) ? current.kind : news.kind;
    return { ...current, ...news, times: [...news.times], kind, checkedAt: now };
  });
  return null;
}

/** What a link keeps of what Zoom tells of its meeting. */
export function tellsOf(
  meeting: ZoomMeeting,
  now: number,
): Pick<MeetingLink, 'topic' | 'kind' | 'times' | 'inZoom'> & { joinUrl?: string } {
  return {
    topic: meeting.topic,
    kind: kindOf(meeting.type),
    times: comingTimes(meeting, now),
    inZoom: 'known',
    ...(meeting.joinUrl === null ? {} : { joinUrl: meeting.joinUrl }),
  };
}

const KINDS: Record<number, MeetingKind> = {
  ...{ 1: 'single', 2: 'single', 7: 'single', 10: 'single' },
  ...{ 3: 'recurring', 8: 'recurring', 4: 'personal-room' },
  ...{ 5: 'webinar', 6: 'webinar', 9: 'webinar' },
};

export function kindOf(type: number | null): MeetingKind {
  return KINDS[type ?? 0] ?? 'unknown';
}

/** The meetings that are not over yet, soonest first. */
export function comingTimes(
  { startsAt, durationMs, occurrences }: Pick<ZoomMeeting, 'startsAt' | 'durationMs' | 'occurrences'>,
  now: number,
): MeetingLink['times'] {
  const once = startsAt === null ? [] : [{ startsAt, durationMs }];
  return (occurrences.length > 0 ? occurrences : once)
    .filter((time) => time.startsAt + time.durationMs > now)
    .sort((a, b) => a.startsAt - b.startsAt)
    .slice(0, TIMES_KEPT)
    .map((time) => ({ startsAt: time.startsAt, durationMs: time.durationMs }));
}
