import type { LtijsProvider } from 'ltijs';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { RosterMember } from '../../channels/roster-source.ts';
import type { SyncFailure } from '../../channels/sync-run.ts';
import { type Clock, yieldToRequests } from '../../lib/clock.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../../lib/http-client.ts';
import { parseLongArray } from '../../lib/long-json.ts';
import { type Failure, failure, type Success, success } from '../../lib/result.ts';
import type { Platform, PlatformFamily } from '../platform.ts';
import { readRosterMember } from '../roster-member.ts';
import type { LtijsAnswer } from './calls.ts';
import { nextLink } from './link-header.ts';
import type { Ltijs } from './load.ts';
import { type Retry, ServiceError, serverError, throttleError, transportError } from './service-error.ts';

export type PageOptions = {
  signal?: AbortSignal;
  timeoutMs?: number;
  maxBytes?: number;
  log?: Logger | undefined;
  /** Told of the next page when the answer is there, before its members are read; once for an answer that is read. */
  onNext?: (next: string | null) => void;
};

export type RosterPage = {
  members: RosterMember[];
  /** How many entries the page had, with those that are no members. */
  listed: number;
  contextId: string;
  next: string | null;
};

export type PageFailure = Failure<SyncFailure> & {
  retry: Retry;
  /** How long the LMS asked to wait, in milliseconds. */
  retryAfterMs: number | null;
};

const PAGE_TIMEOUT_MS = 90_000;
const PAGE_MAX_BYTES = 64 * 1024 * 1024;

export type PageDeps = {
  ltijs: Ltijs;
  provider: LtijsProvider;
  http: HttpClient;
  clock: Clock;
  dropAccessToken(platform: Platform): Promise<void>;
};

type PageRequest = { url: string; options: PageOptions };

/** One page through ltijs's NamesAndRoles; asks for a new token once when the LMS refuses the one there is. */
export async function rosterPage(
  deps: PageDeps,
  platform: Platform,
  page: PageRequest,
): Promise<Success<RosterPage> | PageFailure> {
  if (platform.status !== 'active') return { ...failure('platform-inactive'), retry: 'no', retryAfterMs: null };
  try {
    return success(await fetchPage(deps, platform, page));
  } catch (error) {
    // The token may have been revoked, or the LMS restored from a backup: one more try with a new one.
    if (!(error instanceof ServiceError && error.status === 401 && error.reason === 'not-authorised')) {
      return pageFailure(error);
    }
  }
  try {
    await deps.dropAccessToken(platform);
    return success(await fetchPage(deps, platform, page));
  } catch (error) {
    return pageFailure(error);
  }
}

const PAGE = z.object({
  context: z.object({ id: z.union([z.string(), z.number()]).transform(String) }),
  members: z.array(z.unknown()).max(0),
});

async function fetchPage(deps: PageDeps, platform: Platform, page: PageRequest): Promise<RosterPage> {
  const { url, options } = page;
  let taken: RosterPage | null = null;

  async function send(request: HttpRequest): Promise<LtijsAnswer> {
    const answer = await deps.http({
      ...request,
      purpose: 'roster page',
      log: options.log,
      timeoutMs: options.timeoutMs ?? PAGE_TIMEOUT_MS,
      maxBytes: options.maxBytes ?? PAGE_MAX_BYTES,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (!answer.ok) throw transportError(answer.reason, answer.detail ?? '');
    refuse(answer.value, deps.clock());
    const next = nextLink(answer.value.headers.link, request.url);
    options.onNext?.(next);
    // Whoever was told asks for the next page first: the LMS makes it while this one is read.
    await yieldToRequests();
    taken = { ...(await readPage(answer.value.body, platform.family)), next };
    // ltijs would parse and copy the page in one go, and its Link parser gives up beyond 2,000 characters, as if it were the last.
    return { headers: {}, body: '{"members":[]}' };
  }

  const token = {
    iss: platform.issuer,
    clientId: platform.clientId,
    platformContext: { namesRoles: { context_memberships_url: url } },
  };
  await deps.ltijs.inCall({ send, platform, log: options.log }, () =>
    deps.provider.NamesAndRoles.getMembers(token, { url, pages: 1 }),
  );
  if (!taken) throw new Error('ltijs returned a page without asking for it');
  return taken;
}

function refuse(response: HttpResponse, now: number): void {
  const { status } = response;
  const passing = throttleError(response, now) ?? serverError(response, now);
  if (passing) throw passing;
  if (status === 401 || status === 403) throw new ServiceError('not-authorised', `status ${status}`, { status });
  if (status === 404) throw new ServiceError('course-not-found', 'status 404', { status });
  if (status !== 200) throw new ServiceError('bad-answer', `status ${status}`, { status });
}

async function readPage(body: string, family: PlatformFamily): Promise<Omit<RosterPage, 'next'>> {
  // Moodle gives a whole course in one answer, however large.
  const parsed = await parseLongArray(body, 'members', (raw) => readRosterMember(raw, family));
  const page = PAGE.safeParse(parsed?.rest);
  if (!parsed || !page.success) throw new ServiceError('bad-answer', 'Not a membership container (NRPS 2.0)');
  return {
    members: parsed.items.filter((member) => member !== null),
    listed: parsed.items.length,
    contextId: page.data.context.id,
  };
}

/** The value for what was thrown through ltijs; what is no expected failure is thrown on. */
export function pageFailure(error: unknown): PageFailure {
  if (!(error instanceof ServiceError)) {
    if (error instanceof Error && /^PLATFORM_NOT_(FOUND|ACTIVATED)$/.test(error.message)) {
      return { ...failure('platform-inactive', error.message), retry: 'no', retryAfterMs: null };
    }
    throw error;
  }
  const reason = error.reason === 'platform-exists' ? 'internal' : error.reason;
  return { ...failure(reason, error.message), retry: error.retry, retryAfterMs: error.retryAfterMs };
}
