import type { Request, Response } from 'express';
import type { Paged } from './api/paging.ts';
import type { ZoomClock } from './clock.ts';
import type { ZoomFaults } from './faults.ts';
import type { ZoomMeetings } from './meetings.ts';
import type { Grants } from './oauth/grants.ts';
import type { ZoomRequests } from './requests.ts';
import type { ZoomUser, ZoomUsers } from './users.ts';

/** The app that the sandbox's Zoom knows, and where it lives. */
export type ZoomAppRegistration = {
  clientId: string;
  clientSecret: string;
  /** The secret token that webhooks are signed with. */
  webhookSecret: string;
  redirectUri: string;
  webhookUrl: string;
};

/** Who calls, and what the token allows. */
export type ZoomCaller = {
  user: ZoomUser;
  scopes: string[];
  /** The person let the app use what others share with them. */
  shared: boolean;
};

/** What all parts of the sandbox's Zoom share. */
export type ZoomCore = {
  /** `http://host:port/zoom`; the API is at `/v2` below it. */
  base: string;
  /** Origin of the second host, where downloads are redirected to. */
  filesOrigin: string;
  app: ZoomAppRegistration;
  clock: ZoomClock;
  faults: ZoomFaults;
  requests: ZoomRequests;
  users: ZoomUsers;
  meetings: ZoomMeetings;
  grants: Grants;
  /** Who calls, if the token is good and has all these scopes; else the refusal was answered and null comes back. */
  authenticate(req: Request, res: Response, scopes: string[]): ZoomCaller | null;
  /** The page of `rows` that the request asks for, with Zoom's paging fields; null when the refusal was answered. */
  page<Row>(req: Request, res: Response, rows: Row[]): Paged<Row> | null;
};
