import type { Request, RequestHandler } from 'express';
import type { TFunction } from 'i18next';
import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { newId, type Random } from '../lib/ids.ts';
import type { createReaders } from '../lib/reader.ts';
import { remember } from '../lib/remember.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import type { Assets } from './assets.ts';
import type { RequestWatch } from './request-watch.ts';
import type { Texts } from './texts.ts';
import type { Views } from './views.ts';

/** What every handler may know of the request it serves. */
export type RequestContext = {
  /** Stands in the log and on error pages. */
  id: string;
  /** A child logger that carries the ID. */
  log: Logger;
  /** For the page's own inline scripts; new for each request. */
  nonce: string;
  /** A BCP 47 tag. */
  locale: string;
  /** IANA name, or null while nobody told it. */
  timeZone: string | null;
  t: TFunction;
  /** The origins whose pages may hold this request's in a frame; null: those of all registered platforms. */
  frameAncestors: string[] | null;
};

/** What pages are made of; the same for all requests of a server. */
export type PageKit = {
  texts: Texts;
  readers: ReturnType<typeof createReaders>;
  views: Views;
  assets: Assets;
  publicUrl: string;
  frameAncestors: () => string[];
  /** Who counts requests and open event streams; nobody if undefined. */
  watch: RequestWatch | undefined;
  clock: Clock;
  production: boolean;
};

const CONTEXT = Symbol('rostrum request context');

type Held = { context: RequestContext; kit: PageKit };
type RequestWithContext = Request & { [CONTEXT]?: Held };

/** The first step of every request: gives it an ID, a logger, a nonce and texts. */
export function requestContext(deps: { kit: PageKit; logger: Logger; random: Random }): RequestHandler {
  return (req: RequestWithContext, _res, next) => {
    const id = idFromProxy(req) ?? newId<'request'>(deps.kit.clock(), deps.random);
    const locale = deps.kit.texts.defaultLocale;
    let log: Logger | null = null;
    let nonce: string | null = null;
    req[CONTEXT] = {
      kit: deps.kit,
      context: {
        id,
        // Made at the first line: a child logger costs more than the line.
        get log() {
          log ??= deps.logger.child({ requestId: id });
          return log;
        },
        // Made when a page asks for it: most requests of a launch end in a redirect.
        get nonce() {
          nonce ??= deps.random(16).toString('base64');
          return nonce;
        },
        locale,
        timeZone: null,
        t: deps.kit.texts.forLocale(locale),
        frameAncestors: null,
      },
    };
    next();
  };
}

/** Short and plain: it stands in the log, on error pages and in problem documents. */
const PLAIN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;

/** The ID that a proxy of the operator's own gave the request, so that its log and ours can be read side by side. */
function idFromProxy(req: Request): string | null {
  const given = req.headers['x-request-id'];
  if (typeof given !== 'string' || !PLAIN_ID.test(given)) return null;
  const isTrusted: (address: string | undefined, hop: number) => boolean = req.app.get('trust proxy fn');
  return isTrusted(req.socket.remoteAddress, 0) ? given : null;
}

/** The context of a request that came through `createServer`. */
export function contextOf(req: Request): RequestContext {
  return held(req).context;
}

/** The page kit of the server that took the request. */
export function kitOf(req: Request): PageKit {
  return held(req).kit;
}

/** Switches the request to a person's language and time zone, once a launch or a grant tells them. */
export function useLocale(req: Request, person: { locale: string | null; timeZone: string | null }): void {
  const { context, kit } = held(req);
  if (person.locale && isLocale(person.locale)) {
    context.locale = person.locale;
    context.t = kit.texts.forLocale(person.locale);
  }
  if (person.timeZone && isTimeZone(person.timeZone)) context.timeZone = person.timeZone;
}

/** Lets these origins alone hold the request's pages in a frame, once it is known whose it is. */
export function useFrameAncestors(req: Request, origins: string[]): void {
  contextOf(req).frameAncestors = origins;
}

function held(req: RequestWithContext): Held {
  const found = req[CONTEXT];
  if (!found) throw new Error('The request has no context: it did not come through createServer');
  return found;
}

const isLocale = remember((locale) => {
  try {
    return Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}, 500);
