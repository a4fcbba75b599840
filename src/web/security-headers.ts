import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Headers of every answer. Pages replace the policy by their own; what is not a page may do nothing and be framed by
 * nobody. No X-Frame-Options: it cannot name several origins, and pages live in frames.
 */
export function securityHeaders(deps: { production: boolean }): RequestHandler {
  return helmet({
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
}

/** The Content-Security-Policy of one page: our own files, nothing external. */
export function pagePolicy(page: { nonce: string; formAction: string[]; frameAncestors: string[] }): string {
  const anywhere = page.frameAncestors.includes('*');
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${page.nonce}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `form-action ${["'self'", ...page.formAction].join(' ')}`,
    `frame-ancestors ${anywhere ? '*' : ["'self'", ...page.frameAncestors].join(' ')}`,
    "base-uri 'none'",
  ].join('; ');
}
