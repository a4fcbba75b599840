import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { respondProblem } from '../web/problems.ts';
import { useFrameAncestors, useLocale } from '../web/request-context.ts';
import type { Viewers } from '../web/viewer.ts';
import { type HeadPlace, NOTICE_QUERY } from './channel-head-page.ts';
import { type ChannelLinks, channelLinks } from './channel-links.ts';
import { type ChannelAction, can } from './channel-policy.ts';
import type { Viewer } from './viewer.ts';

/** A request for something of a channel, by somebody who may ask for it. */
export type Visit = { req: Request; res: Response; viewer: Viewer; links: ChannelLinks };

export type VisitHandler = (visit: Visit) => Promise<void>;

/** Makes handlers for routes below `/channels/:id`: each asks first who looks, then whether they may. */
export function guardWith(viewers: Pick<Viewers, 'resolve'>) {
  return (action: ChannelAction, handler: VisitHandler): RequestHandler =>
    async (req, res) => {
      const found = await viewers.resolve(req, String(req.params.id), readPlace(req).as);
      if (!found.ok) return respondProblem(req, res, found.reason);
      const viewer = found.value;
      useLocale(req, viewer.grant);
      useFrameAncestors(req, viewer.frameAncestors);
      if (!can(viewer, action, viewer.channel)) return respondProblem(req, res, 'not-allowed');
      await handler({ req, res, viewer, links: channelLinks(viewer.channel.id, viewer.grant.id) });
    };
}

const PLACE = NOTICE_QUERY.extend({ as: z.string().nullable().catch(null) });

/** What the address says of where one comes from: by which grant, and after what. */
export function readPlace(req: Request): z.infer<typeof PLACE> {
  return PLACE.parse(req.query);
}

/** Where a page stands among the pages of its channel. */
export function placeOf(req: Request, current: HeadPlace['current'], courses: HeadPlace['courses']): HeadPlace {
  return { ...readPlace(req), current, courses };
}
