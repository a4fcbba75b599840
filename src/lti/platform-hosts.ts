import { type Platform, platformOrigins } from './platform.ts';

/** Domains of Instructure's own Canvas: schools' hosts, and since 2023 sign-in and keys. */
const HOSTED_CANVAS_DOMAINS = ['instructure.com', 'canvaslms.com'];

/**
 * Whether a platform's access token may be sent to a URL: to the origins of its registration, and for a school on
 * hosted Canvas, whose issuer all schools share, to any host of theirs under instructure.com.
 */
export function mayReceiveToken(platform: Platform, url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, protocol, hostname, username, password } = new URL(url);
  if (username || password) return false;
  if (platformOrigins(platform).includes(origin)) return true;
  const sharesIssuer = platform.family === 'canvas' && isHostedCanvas(platform.issuer);
  return sharesIssuer && protocol === 'https:' && isUnder(hostname, ['instructure.com']);
}

/** Whether an issuer is that of Instructure's hosted Canvas (or of its beta or test copy). */
function isHostedCanvas(issuer: string): boolean {
  if (!URL.canParse(issuer)) return false;
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'https:' && isUnder(hostname, ['instructure.com']);
}

export function isHostedCanvasHost(hostname: string): boolean {
  return isUnder(hostname, HOSTED_CANVAS_DOMAINS);
}

function isUnder(hostname: string, domains: readonly string[]): boolean {
  return domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
}
