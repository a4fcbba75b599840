/** What an address of Zoom's is about. */
export type ZoomAddress =
  | { kind: 'number'; number: string; joinUrl: string }
  | { kind: 'personal-link'; name: string }
  | { kind: 'recording-link' }
  | { kind: 'registration-link' }
  | { kind: 'other' };

/** The addresses in a text that are Zoom's, and how many are others'. Mail programs wrap links in links of their own: those are looked into. */
export function zoomAddressesIn(text: string, trial: string | null): { zoom: ZoomAddress[]; foreign: number } {
  const zoom: ZoomAddress[] = [];
  let foreign = 0;
  for (const [found] of text.matchAll(ADDRESS)) {
    const address = readTrialAddress(found, trial) ?? readZoomAddress(found) ?? wrappedAddress(found);
    if (address) zoom.push(address);
    else foreign += 1;
  }
  return { zoom, foreign };
}

const ADDRESS =
  /\b(?:https?|zoommtg|zoomus):\/\/[^\s<>"'`)\]}]+|(?<![\w@./-])(?:[a-z0-9-]+\.)*zoom(?:gov)?\.(?:us|com)\/[^\s<>"'`)\]}]+/giu;

/** Null for what is no address of Zoom's. Whatever stands in it besides is dropped, the passcode first of all. */
function readZoomAddress(text: string): ZoomAddress | null {
  const url = parse(text);
  if (!url) return null;
  const app = url.protocol === 'zoommtg:' || url.protocol === 'zoomus:';
  const host = hostOf(text, app);
  if (host === null || !isZoomSite(host)) return null;
  const number = url.searchParams.get('confno');
  if (number !== null && NUMBER.test(number)) return ofNumber(number, host);
  return app ? { kind: 'other' } : ofPath(url.pathname.split('/').filter(Boolean), host);
}

function readTrialAddress(text: string, trial: string | null): ZoomAddress | null {
  const url = trial === null ? null : parse(text);
  if (trial === null || !url?.href.startsWith(`${trial}/`)) return null;
  const address = ofPath(url.href.slice(trial.length).split(/[?#]/)[0]?.split('/').filter(Boolean) ?? [], 'zoom.us');
  return address.kind === 'number' ? { ...address, joinUrl: `${trial}/j/${address.number}` } : address;
}

const NUMBER = /^[1-9]\d{8,10}$/;

function ofPath(path: readonly string[], host: string): ZoomAddress {
  const [first = '', second] = path;
  if (first === 'rec' || first === 'recording') return { kind: 'recording-link' };
  if (path.includes('register')) return { kind: 'registration-link' };
  const number = path.find((part) => NUMBER.test(part));
  if (number !== undefined) return ofNumber(number, host);
  const name = first === 'my' ? personalLinkIn(`/my/${second}`) : null;
  return name === null ? { kind: 'other' } : { kind: 'personal-link', name };
}

/** The name in an address like `/my/<name>`, in small letters; null when there is none. */
export function personalLinkIn(address: string | null | undefined): string | null {
  return /\/my\/([a-z][a-z0-9.]{1,39})(?:[?#]|$)/i.exec(address ?? '')?.[1]?.toLowerCase() ?? null;
}

function ofNumber(number: string, host: string): ZoomAddress {
  return { kind: 'number', number, joinUrl: `https://${host}/j/${number}` };
}

/** The Zoom address that another one holds as a parameter, as mail filters and search engines make them. */
function wrappedAddress(text: string): ZoomAddress | null {
  const values = [...(parse(text)?.searchParams.values() ?? [])];
  for (const value of values) {
    const inside = /^https?:\/\//i.test(value) ? readZoomAddress(value) : null;
    if (inside) return inside;
  }
  return null;
}

function parse(text: string): URL | null {
  // At the end of a sentence its full stop belongs to the sentence.
  const address = text.replace(/[.,;:!?]+$/, '');
  const whole = /^[a-z]+:\/\//i.test(address) ? address : `https://${address}`;
  return URL.canParse(whole) ? new URL(whole) : null;
}

/** Of the app's own addresses `URL` keeps the case of the host, and takes some for no host at all. */
function hostOf(text: string, app: boolean): string | null {
  if (app) return /^[a-z]+:\/\/([^/?#@:]+)/i.exec(text)?.[1]?.toLowerCase() ?? null;
  const url = parse(text);
  return url && url.username === '' && url.port === '' ? url.hostname : null;
}

/** Members are sent to this host: it has to be Zoom's own. */
export function isZoomSite(host: string): boolean {
  return /^(?:[a-z0-9-]+\.)*(?:zoom\.us|zoom\.com|zoomgov\.com)$/.test(host);
}
