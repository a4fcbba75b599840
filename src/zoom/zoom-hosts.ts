import { isLoopbackAddress } from '../lib/public-address.ts';

/** True for a host of Zoom's own; the only ones that a person's token is sent to. */
function isZoomHost(host: string): boolean {
  return host === 'zoom.us' || host.endsWith('.zoom.us');
}

/** Whether an address is Zoom's own by https, or at the very place that the site set up as its Zoom. */
export function isOfZoom(url: URL, configured: string): boolean {
  const home = new URL(configured);
  if (url.username || url.password) return false;
  if (url.origin === home.origin) return true;
  return url.protocol === 'https:' && url.port === '' && isZoomHost(url.hostname) && isZoomSite(home);
}

/**
 * The root of the API that a token answer named (`https://api.zoom.us`, or a regional one), with the version at its end;
 * null when there is none or when it is not Zoom's: the token would go to whoever it names.
 */
export function readApiUrl(named: unknown, configured: string): string | null {
  if (typeof named !== 'string' || !URL.canParse(named)) return null;
  const url = new URL(named);
  if (!isOfZoom(url, configured)) return null;
  const root = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  return /\/v\d+$/.test(root) ? root : `${root}/v2`;
}

// A trial's tokens are of no use at the real Zoom, and are none of its business.
function isZoomSite(home: URL): boolean {
  const host = home.hostname.replace(/^\[(.*)\]$/, '$1');
  return !isLoopbackAddress(host) && host !== 'localhost';
}

/** Where people join a meeting, without its passcode and whatever else stood behind it; null when it is not Zoom's. */
export function withoutPasscode(told: string | undefined, configured: string): string | null {
  if (!told || !URL.canParse(told)) return null;
  const url = new URL(told);
  return isOfZoom(url, configured) ? `${url.origin}${url.pathname}` : null;
}
