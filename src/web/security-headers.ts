import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import helmet, { type HelmetOptions } from 'helmet';

/**
 * Headers of every answer. Pages replace the policy by their own; what is not a page may do nothing and be framed by
 * nobody. No X-Frame-Options: it cannot name several origins, and pages live in frames.
 */
export function securityHeaders(deps: { production: boolean }): RequestHandler {
  const headers = headersSetBy({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"], 'base-uri': ["'none'"] },
    },
    xFrameOptions: false,
    crossOriginOpenerPolicy: false,
    crossOriginEmbedderPolicy: false,
    // Not `no-referrer`: with it browsers send `Origin: null` with our own forms (Fetch, "append a request Origin header").
    // Other sites learn nothing under either.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: deps.production ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  });
  return (_req, res, next) => {
    for (const [name, value] of headers) res.setHeader(name, value);
    next();
  };
}

/** What helmet says is the same for every request: it is asked once, instead of its thirteen steps for each. */
function headersSetBy(options: HelmetOptions): [string, string][] {
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  let done = false;
  helmet(options)(res.req, res, (error) => {
    done = error === undefined;
  });
  if (!done) throw new Error('helmet did not set its headers at once');
  return Object.entries(res.getHeaders()).map(([name, value]) => [name, String(value)]);
}

/** The Content-Security-Policy of one page: our own files, nothing external. */
export function pagePolicy(page: { nonce: string; formAction: string[]; frameAncestors: string[] }): string {
  const anywhere = page.frameAncestors.includes('*');
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${page.nonce}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "media-src 'self'",
    "connect-src 'self'",
    `form-action ${["'self'", ...page.formAction].join(' ')}`,
    `frame-ancestors ${anywhere ? '*' : ["'self'", ...page.frameAncestors].join(' ')}`,
    "base-uri 'none'",
  ].join('; ');
}
