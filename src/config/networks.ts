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

/** Networks as a list of addresses and address/bits. */
export function readNetworks(text: string): Parsed<string[]> {
  const networks = text.split(',').map((network) => network.trim());
  if (networks.every(isNetwork)) return right(networks);
  return wrong('is not a list of networks such as 10.2.0.0/16,fd00:12::/32');
}

function isPlace(place: string): boolean {
  return NAMED.includes(place) || isNetwork(place);
}

function isNetwork(place: string): boolean {
  const [address = '', bits, ...rest] = place.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
