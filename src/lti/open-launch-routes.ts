import type { Request, Response } from 'express';
import type { MembershipStore } from '../channels/channel-store.ts';
import {
  type Administered,
  type ChannelLaunch,
  type OpenChannelDeps,
  type OpenedCourse,
  type OpenRefusal,
  openChannel,
} from '../channels/open-channel.ts';
import { isAtLeast } from '../channels/permission-level.ts';
import type { SyncRun } from '../channels/sync-run.ts';
import type { SyncService } from '../channels/sync-service.ts';
import type { Failure } from '../lib/result.ts';
import { type ProblemReason, respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { contextOf } from '../web/request-context.ts';
import type { Sessions } from '../web/session.ts';
import type { Grant } from '../web/session-store.ts';
import { frameOriginOf } from './frame-ancestors.ts';
import { showHandover } from './launch.routes.ts';
import type { Handovers, NewGrant } from './launch-handover.ts';
import type { PlatformStore } from './lti-store.ts';
import type { LaunchOutcome } from './open-refusals.ts';
import { learnServiceOrigin } from './service-origins.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

export type OpenLaunchDeps = OpenChannelDeps & {
  memberships: Pick<MembershipStore, 'upsertUser'>;
  platforms: PlatformStore;
  syncService: Pick<SyncService, 'requestIfStale'>;
  sessions: Pick<Sessions, 'start'>;
  handovers: Handovers;
  /** Told what became of each verified launch. */
  onLaunch?: (outcome: LaunchOutcome) => void;
};

export type LaunchOpener = {
  /** From a verified launch to the page: open the channel, enter the person, ask for a sync, begin the session. */
  openLaunch(launch: VerifiedLaunch, req: Request, res: Response, how: { needsNewTab: boolean }): Promise<void>;
  /** Puts a grant into the browser's session and leads to its channel, or to the person's channels. */
  enterChannel(grant: NewGrant, req: Request, res: Response): Promise<void>;
};

type Entry = { grant: NewGrant; needsNewTab: boolean; notice?: OpenRefusal };

export function createLaunchOpener(deps: OpenLaunchDeps): LaunchOpener {
  async function enter(entry: Entry, req: Request, res: Response): Promise<void> {
    if (entry.needsNewTab) return showHandover(deps, { req, res }, entry.grant);
    const given = await deps.sessions.start(req, res, entry.grant);
    redirect(res.set('Cache-Control', 'no-store'), 303, firstPage(given, entry.notice ?? null));
  }

  function refuse(req: Request, res: Response, reason: OpenProblem): void {
    deps.onLaunch?.(reason);
    respondProblem(req, res, reason);
  }

  async function enterLaunched(entry: Entry, req: Request, res: Response): Promise<void> {
    await enter(entry, req, res);
    deps.onLaunch?.('ok');
  }

  return {
    enterChannel: (grant, req, res) => enter({ grant, needsNewTab: false }, req, res),
    async openLaunch(launch, req, res, { needsNewTab }) {
      if (launch.messageType === 'LtiDeepLinkingRequest') return refuse(req, res, 'deep-linking');
      await learnServiceOrigin(deps, launch);
      const opened = await openChannel(deps, channelLaunch(launch));
      if (!opened.ok) {
        const grant = await grantWithoutChannel(deps, launch, opened);
        if (!grant) return refuse(req, res, PROBLEM_OF[opened.reason]);
        return enterLaunched({ grant, needsNewTab, notice: opened.reason }, req, res);
      }
      const { channel, launchOnly, userId } = opened.value;
      contextOf(req).log.info({ channelId: channel.id, userId, launchOnly }, 'channel opened');
      const run = await requestSync(deps, opened.value);
      if (run) contextOf(req).log.info({ channelId: channel.id, syncId: run.id }, 'roster sync asked for');
      await enterLaunched({ grant: grantFor(launch, opened.value), needsNewTab }, req, res);
    },
  };
}

type OpenProblem = ProblemReason & LaunchOutcome;

const PROBLEM_OF: Record<OpenRefusal, OpenProblem> = {
  'not-a-course': 'not-a-course',
  anonymous: 'anonymous-launch',
  'no-course-role': 'no-course-role',
  deactivated: 'no-access',
  'channel-deleted': 'channel-deleted',
};

async function requestSync({ syncService }: OpenLaunchDeps, opened: OpenedCourse): Promise<SyncRun | null> {
  if (!opened.channel.sync.automatic) return null;
  return syncService.requestIfStale({
    channelId: opened.channel.id,
    trigger: 'launch',
    requestedBy: opened.userId,
    byStaff: isAtLeast(opened.launchLevel, 'moderator'),
    hasRoster: opened.context.rosterUrl !== null,
  });
}

function channelLaunch(launch: VerifiedLaunch): ChannelLaunch {
  const { id: platformId, roleLevels, family } = launch.platform;
  const enrolments = launch.custom.canvas_membership_roles ?? '';
  return {
    ...launch,
    platformId,
    roleLevels,
    teachesToo: family === 'canvas' && enrolments.split(',').includes('TeacherEnrollment'),
    adminsLaunchAsInstructors: family === 'moodle',
  };
}

function grantFor(launch: VerifiedLaunch, opened: OpenedCourse): NewGrant {
  return {
    ...grantOfPerson(launch),
    channelId: opened.channel.id,
    userId: opened.userId,
    launchLevel: opened.launchLevel,
    launchOnly: opened.launchOnly,
    isTest: opened.membership?.isTest ?? false,
  };
}

function grantOfPerson(
  launch: VerifiedLaunch,
): Pick<NewGrant, 'platformId' | 'tenant' | 'locale' | 'timeZone' | 'family' | 'frameOrigin'> {
  return {
    platformId: launch.platform.id,
    tenant: launch.tenant,
    locale: launch.locale,
    timeZone: launch.timeZone,
    family: launch.platform.family,
    frameOrigin: frameOriginOf(launch),
  };
}

/** Outside a course, and where its channel was deleted, a person still comes to the channels they may see. */
async function grantWithoutChannel(
  { memberships, clock }: OpenLaunchDeps,
  launch: VerifiedLaunch,
  { reason, administered }: Failure<OpenRefusal> & { administered?: Administered },
): Promise<NewGrant | null> {
  const { subject, person, platform } = launch;
  if (subject === null || (reason !== 'not-a-course' && reason !== 'channel-deleted')) return null;
  const user = await memberships.upsertUser({ platformId: platform.id, subject, person, at: clock() });
  return {
    ...grantOfPerson(launch),
    channelId: administered?.channelId ?? null,
    userId: user.id,
    launchLevel: administered?.launchLevel ?? 'member',
    // An administrator may bring the channel back, for this launch as in any other.
    launchOnly: administered !== undefined,
    isTest: false,
  };
}

function firstPage({ id, channelId }: Grant, notice: OpenRefusal | null): string {
  if (notice === 'channel-deleted') {
    const search = new URLSearchParams({ as: id, notice, ...(channelId === null ? {} : { channel: channelId }) });
    return `/channels?${search}`;
  }
  const search = new URLSearchParams({ as: id });
  return channelId === null ? `/channels?${search}` : `/channels/${channelId}?${search}`;
}
