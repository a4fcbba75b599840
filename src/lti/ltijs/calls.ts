import type { Logger } from 'pino';
import type { HttpRequest } from '../../lib/http-client.ts';
import type { Platform } from '../platform.ts';

/** What a new platform needs; its ID, key and times are made. */
export type NewPlatform = Omit<Platform, 'id' | 'keyId' | 'createdAt' | 'updatedAt'>;

/**
 * One call into ltijs. ltijs keeps its HTTP client in a module and passes only some of a platform's fields to its
 * storage; what belongs to a call is therefore carried beside it, in a `CallStorage`.
 */
export type LtijsCall = {
  /** Answers the requests that ltijs makes during the call; throws when there is no usable answer. */
  send: (request: HttpRequest) => Promise<LtijsAnswer>;
  /** The platform that the call is about, already read; ltijs would look it up twice for every page. */
  platform?: Platform;
  /** The platform that the call registers, with the fields that ltijs does not know. */
  newPlatform?: NewPlatform;
  /** The log of what needs the call. */
  log?: Logger | undefined;
};

/** What ltijs reads of an HTTP answer. */
export type LtijsAnswer = { headers: Record<string, string>; body: string };

/** Refuses HTTP in calls that need none. */
export function noRequests(): Promise<never> {
  return Promise.reject(new Error('This call into ltijs makes no requests'));
}
