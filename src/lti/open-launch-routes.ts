import type { Request, Response } from 'express';
import type { ChannelId } from '../channels/channel.ts';
import {
  type ChannelLaunch,
  type OpenChannelDeps,
  type OpenedCourse,
  type OpenRefusal,
  openChannel,
} from '../channels/open-channel.ts';
import { isAtLeast } from '../channels/permission-level.ts';
import type { SyncService } from '../channels/sync-service.ts';
import { type ProblemReason, respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { contextOf } from '../web/request-context.ts';
import type { Sessions } from '../web/session.ts';
import { frameOriginOf } from './frame-ancestors.ts';
import { showHandover } from './launch.routes.ts';
import type { Handovers, NewGrant } from './launch-handover.ts';
import type { PlatformStore } from './lti-store.ts';
import { learnServiceOrigin } from './service-origins.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

export type OpenLaunchDeps = OpenChannelDeps & {
  platforms: PlatformStore;
  syncService: Pick<SyncService, 'requestIfStale'>;
  sessions: Pick<Sessions, 'start'>;
  handovers: Handovers;
};

export type LaunchOpener = {
  /** From a verified launch to the page: open the channel, enter the person, ask for a sync, begin the session. */
  openLaunch(launch: VerifiedLaunch, req: Request, res: Response, how: { needsNewTab: boolean }): Promise<void>;
  /** Puts a grant into the browser's session and leads to its channel. */
  enterChannel(grant: NewGrant, req: Request, res: Response): Promise<void>;
};

export function createLaunchOpener(deps: OpenLaunchDeps): LaunchOpener {
  async function enterChannel(grant: NewGrant, req: Request, res: Response): Promise<void> {
    const given = await deps.sessions.start(req, res, grant);
    redirect(res.set('Cache-Control', 'no-store'), 303, channelUrl(grant.channelId, given.id));
  }

  return {
    enterChannel,
    async openLaunch(launch, req, res, { needsNewTab }) {
      if (launch.messageType === 'LtiDeepLinkingRequest') return respondProblem(req, res, 'deep-linking');
      await learnServiceOrigin(deps, launch);
      const opened = await openChannel(deps, channelLaunch(launch));
      if (!opened.ok) return respondProblem(req, res, PROBLEM_OF[opened.reason]);
      const { channel, launchOnly, userId } = opened.value;
      contextOf(req).log.info({ channelId: channel.id, userId, launchOnly }, 'channel opened');
      await requestSync(deps, opened.value);
      const grant = grantFor(launch, opened.value);
      if (needsNewTab) await showHandover(deps, { req, res }, grant);
      else await enterChannel(grant, req, res);
    },
  };
}

const PROBLEM_OF: Record<OpenRefusal, ProblemReason> = {
  'not-a-course': 'not-a-course',
  anonymous: 'anonymous-launch',
  'no-course-role': 'no-course-role',
  deactivated: 'no-access',
  'channel-deleted': 'channel-deleted',
};

async function requestSync({ syncService }: OpenLaunchDeps, opened: OpenedCourse): Promise<void> {
  await syncService.requestIfStale({
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
    channelId: opened.channel.id,
    platformId: launch.platform.id,
    userId: opened.userId,
    launchLevel: opened.launchLevel,
    launchOnly: opened.launchOnly,
    isTest: opened.membership?.isTest ?? false,
    locale: launch.locale,
    timeZone: launch.timeZone,
    family: launch.platform.family,
    frameOrigin: frameOriginOf(launch),
  };
}

function channelUrl(channelId: ChannelId, grantId: string): string {
  return `/channels/${channelId}?as=${encodeURIComponent(grantId)}`;
}
