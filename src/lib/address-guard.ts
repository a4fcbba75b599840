import { lookup as resolveHost } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { addressIn, isLoopbackAddress, isPublicAddress } from './public-address.ts';
import { failure, type Result, success } from './result.ts';

export type AddressGuardOptions = {
  /** For development: plain http is allowed to this machine, and https may reach it too. */
  allowLoopbackHttp: boolean;
  /** Networks off the public internet that an operator's own LMS is in ("10.2.0.0/16"); none if not given. */
  networks?: readonly string[];
  /** How host names become addresses; the system's resolver if not given. */
  resolve?: Resolver;
};

/** All addresses of a host name; the shape of `dns.lookup` with `all`. */
export type Resolver = (host: string, done: (error: Error | null, addresses: Address[]) => void) => void;
type Address = { address: string; family: number };

/** The connections by which an address that others named may be reached. */
export type AddressGuard = {
  /** The address, and the agent whose connections go to allowed addresses only. */
  admit(url: string): Result<{ url: URL; agent: Agent }, 'bad-url' | 'blocked-address'>;
  close(): Promise<void>;
};

/** What a connection fails with when the name led to an address that is not allowed. */
export class BlockedAddress extends Error {}

/**
 * https only; the address is judged where the connection is made, so that a name which resolves differently a moment later
 * gains nothing.
 */
export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const resolve = options.resolve ?? systemResolver;
  const isOfNetworks = addressIn(options.networks ?? []);
  const isAllowed = (address: string) =>
    isPublicAddress(address) || isOfNetworks(address) || (options.allowLoopbackHttp && isLoopbackAddress(address));
  const ways: Record<string, Way> = { 'https:': wayFor(resolve, isAllowed) };
  if (options.allowLoopbackHttp) ways['http:'] = wayFor(resolve, isLoopbackAddress);
  return {
    admit(text) {
      const url = URL.canParse(text) ? new URL(text) : null;
      const way = url && ways[url.protocol];
      if (!url || !way || url.username || url.password) return failure('bad-url');
      // A literal address is connected to without a lookup, so it is judged here.
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) && !way.isAllowed(host)) return failure('blocked-address', host);
      return success({ url, agent: way.agent });
    },
    async close() {
      await Promise.all(Object.values(ways).map((way) => way.agent.destroy()));
    },
  };
}

/** How one scheme is spoken: its connections, and where they may lead. */
type Way = { agent: Agent; isAllowed: (address: string) => boolean };

function wayFor(resolve: Resolver, isAllowed: (address: string) => boolean): Way {
  const agent = new Agent({ connect: { lookup: guardedLookup(resolve, isAllowed) }, pipelining: 1 });
  return { agent, isAllowed };
}

const systemResolver: Resolver = (host, done) => resolveHost(host, { all: true }, done);

function guardedLookup(resolve: Resolver, isAllowed: (address: string) => boolean): LookupFunction {
  return (host, options, done) => {
    resolve(host, (error, addresses) => {
      const first = addresses?.[0];
      if (error || !first) return done(error ?? new Error(`No address for ${host}`), '', 0);
      // One forbidden address among several refuses the name: no honest host has one.
      const blocked = addresses.find(({ address }) => !isAllowed(address));
      if (blocked) return done(new BlockedAddress(`${host} is at ${blocked.address}`), '', 0);
      if (options.all) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };
}
