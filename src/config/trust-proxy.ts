import { isIP } from 'node:net';
import { type Parsed, right, wrong } from './values.ts';

/** Express's `trust proxy`: off, the number of proxies in front, or their addresses. */
export type TrustProxy = false | number | string[];

const NAMED = ['loopback', 'linklocal', 'uniquelocal'];

/** `on` means one proxy. "Trust everybody" is not to be had: a client could then write its own address. */
export function readTrustProxy(text: string): Parsed<TrustProxy> {
  const word = text.toLowerCase();
  if (['off', 'false', 'no', '0'].includes(word)) return right(false);
  if (['on', 'true', 'yes'].includes(word)) return right(1);
  if (/^\d{1,2}$/.test(word)) return right(Number(word));
  const places = word.split(',').map((place) => place.trim());
  if (places.every(isPlace)) return right(places);
  return wrong('is not off, on, a number of proxies, or a list of proxy addresses such as 10.0.0.0/8,loopback');
}

function isPlace(place: string): boolean {
  if (NAMED.includes(place)) return true;
  const [address = '', bits, ...rest] = place.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
