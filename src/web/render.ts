import type { Request, Response } from 'express';
import { csrfTokenOf } from './csrf-token.ts';
import { contextOf, kitOf } from './request-context.ts';
import { pagePolicy } from './security-headers.ts';

export type RenderOptions = {
  /** 200 if not given. */
  status?: number;
  /**
   * Whose frames may hold the page: those of its viewer's platform, or of all platforms where nobody is known (the
   * default), or any.
   */
  embeddable?: 'registered' | 'anywhere';
  /** Origins that forms of the page may post to, besides our own. */
  formAction?: string[];
};

/**
 * Sends `views/<view>.ejs` with `model`, the page's own CSP and no caching. Views also get `t`, `lang`, `dir`, `nonce`,
 * `asset(path)`, `page` (`at`: now in milliseconds; `timeZone`) and `csrfToken` (null without a session).
 */
export function renderPage(
  req: Request,
  res: Response,
  view: string,
  model: object,
  options: RenderOptions = {},
): void {
  const context = contextOf(req);
  const kit = kitOf(req);
  const html = kit.views.render(view, {
    ...model,
    ...kit.texts.spoken(context.locale),
    t: context.t,
    nonce: context.nonce,
    asset: kit.assets.url,
    csrfToken: csrfTokenOf(req),
    page: { locale: context.locale, timeZone: context.timeZone },
  });
  res.status(options.status ?? 200).set({
    'Content-Security-Policy': pagePolicy({
      nonce: context.nonce,
      formAction: options.formAction ?? [],
      frameAncestors: options.embeddable === 'anywhere' ? ['*'] : (context.frameAncestors ?? kit.frameAncestors()),
    }),
    'Cache-Control': 'no-store',
  });
  res.type('html').send(html);
}
