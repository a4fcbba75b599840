import type { Logger } from 'pino';
import type { LeaseStore } from '../channels/channel-store.ts';
import { type Clock, sleep as realSleep } from '../lib/clock.ts';
import type { Encryption } from '../lib/encryption.ts';
import type { Random } from '../lib/ids.ts';
import { processName } from '../lib/process-name.ts';
import type { Connection, ConnectionId, Tokens } from './connection.ts';
import type { GrantEnd } from './grant-errors.ts';
import { openTokens, sealTokens } from './sealed-tokens.ts';
import type { ZoomAnswer, ZoomCall, ZoomFailure } from './zoom-api.ts';
import type { Grant, GrantFailure, ZoomOAuth } from './zoom-oauth.ts';
import type { ConnectionStore } from './zoom-store.ts';

/** What a call needs: a token that is good now, and what it is good for. */
export type Access = {
  token: string;
  /** Root of the API for this person, or null for the usual one. */
  apiUrl: string | null;
  scopes: readonly string[];
  accountId: string;
  zoomUserId: string;
};

/** The tokens of connections, renewed in time by one process at a time, and ended when Zoom takes them no longer. */
export type ZoomTokens = {
  accessFor(connectionId: ConnectionId, call?: ZoomCall): Promise<ZoomAnswer<Access>>;
  /**
   * Another token, as Zoom refused `refused`: what somebody else saved meanwhile, or a renewed one. `because` is how the grant
   * ended if Zoom does not renew it and says no more.
   */
  accessInstead(
    connectionId: ConnectionId,
    refused: { token: string; because: GrantEnd },
    call?: ZoomCall,
  ): Promise<ZoomAnswer<Access>>;
  /** Notes that the grant is dead, unless it was renewed since `token` was taken from it. */
  end(connectionId: ConnectionId, dead: { token: string; end: GrantEnd }, call?: ZoomCall): Promise<void>;
};

export type ZoomTokensDeps = {
  connections: Pick<ConnectionStore, 'findConnection' | 'findConnectionOfZoomUser' | 'changeConnection'>;
  leases: Pick<LeaseStore, 'acquireLease' | 'releaseLease'>;
  encryption: Encryption;
  oauth: Pick<ZoomOAuth, 'refresh' | 'revoke'>;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Told once of each connection that turned out to be dead. */
  onEnd: (connectionId: ConnectionId, end: GrantEnd) => Promise<void> | void;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** Renewed this long before its time, so that a slow call does not arrive with a dead token. */
const AHEAD_MS = 2 * 60_000;
/** Longer than the exchange with Zoom may take, so that nobody else begins one beside it. */
const LEASE_MS = 60_000;
const LOOK_EVERY_MS = 100;
const LOOKS = 400;

export function createTokens(deps: ZoomTokensDeps): ZoomTokens {
  const { connections, leases, encryption, oauth, clock } = deps;
  const sleep = deps.sleep ?? realSleep;
  const underWay = new Map<ConnectionId, Promise<ZoomAnswer<Access>>>();
  // What Zoom gave and the store could not take; asking again with the token before might end the grant.
  const unsaved = new Map<ConnectionId, { from: string; grant: Grant }>();
  // Tokens whose renewal was asked for without an answer: if Zoom takes them no longer, that is the likely reason.
  const unanswered = new Map<ConnectionId, string>();

  async function read(id: ConnectionId): Promise<ZoomAnswer<Held>> {
    const connection = await connections.findConnection(id);
    if (!connection?.sealedTokens || connection.state === 'broken') return notConnected(connection?.end);
    const { sealedTokens } = connection;
    return { ok: true, value: { connection, sealedTokens, tokens: openTokens(encryption, id, sealedTokens) } };
  }

  /** Everybody in this process who needs a newer token waits for the same renewal. */
  function renewOnce(id: ConnectionId, refused: Refused | null, call: ZoomCall): Promise<ZoomAnswer<Access>> {
    const running = underWay.get(id) ?? renewInTurn(id, refused, call).finally(() => underWay.delete(id));
    underWay.set(id, running);
    return running;
  }

  async function renewInTurn(id: ConnectionId, refused: Refused | null, call: ZoomCall): Promise<ZoomAnswer<Access>> {
    const name = `zoom-refresh/${id}`;
    const holder = processName(deps.random);
    for (let looks = 0; !(await leases.acquireLease(name, holder, clock(), clock() + LEASE_MS)); looks++) {
      if (looks >= LOOKS) return { ok: false, reason: 'unreachable', detail: 'another process renews the tokens' };
      await sleep(LOOK_EVERY_MS);
      const held = await read(id);
      if (!held.ok || isGood(held.value.tokens, refused, clock())) return held.ok ? accessOf(held.value) : held;
    }
    try {
      return await renew(id, refused, call);
    } finally {
      await leases.releaseLease(name, holder);
    }
  }

  async function renew(id: ConnectionId, refused: Refused | null, call: ZoomCall): Promise<ZoomAnswer<Access>> {
    const held = await read(id);
    if (!held.ok) return held;
    const { sealedTokens, tokens } = held.value;
    const kept = unsaved.get(id);
    if (kept?.from !== sealedTokens && isGood(tokens, refused, clock())) return accessOf(held.value);
    if (kept?.from === sealedTokens) return save(held.value, kept.grant);
    const answer = await oauth.refresh(tokens);
    if (answer.ok) return save(held.value, answer.value);
    return settle(held.value, answer, refused, call);
  }

  /** Saved before anybody uses them. When the person connected anew meanwhile, that grant is the one that lives. */
  async function save({ connection, sealedTokens: from }: Held, grant: Grant): Promise<ZoomAnswer<Access>> {
    const { id, profile } = connection;
    unsaved.set(id, { from, grant });
    const sealedTokens = sealTokens(encryption, id, grant.tokens);
    const stands = await connections.changeConnection(id, clock(), (current) =>
      current.sealedTokens === from ? { ...current, ...grantFields(current, grant), sealedTokens } : null,
    );
    unsaved.delete(id);
    unanswered.delete(id);
    if (stands === null) await giveUp(profile.zoomUserId, grant);
    const held = await read(id);
    return held.ok ? accessOf(held.value) : held;
  }

  /** Disconnected while Zoom renewed it: whoever told Zoom of that knew the tokens before alone. */
  async function giveUp(zoomUserId: string, { tokens }: Grant): Promise<void> {
    if ((await connections.findConnectionOfZoomUser(zoomUserId)) === null) await oauth.revoke(tokens.access);
  }

  async function settle(held: Held, failed: GrantFailure, refused: Refused | null, call: ZoomCall) {
    const { connection, tokens } = held;
    const log = (call.log ?? deps.log).child({ connectionId: connection.id });
    if (failed.reason !== 'ended') {
      // Whether Zoom renewed them before the answer was lost cannot be known. It usually takes the old one once more.
      log.warn(
        { reason: failed.reason, detail: failed.detail },
        'the tokens of a Zoom connection could not be renewed',
      );
      const stillGood = tokens.access !== refused?.token && tokens.expiresAt > clock();
      return stillGood ? accessOf(held) : transient(failed);
    }
    const answerLost = unanswered.get(connection.id) === held.sealedTokens;
    unanswered.delete(connection.id);
    const end = failed.end === 'expired' && refused && !answerLost ? refused.because : failed.end;
    log.warn({ end, answerLost, detail: failed.detail }, 'Zoom ended a connection');
    await noteEnd(connection.id, held.sealedTokens, end);
    const now = await read(connection.id);
    return now.ok ? accessOf(now.value) : now;
  }

  async function noteEnd(id: ConnectionId, sealed: string, end: GrantEnd): Promise<void> {
    let ended = false;
    await connections.changeConnection(id, clock(), (current) => {
      ended = current.state === 'live' && current.sealedTokens === sealed;
      return ended ? { ...current, state: 'broken', end, sealedTokens: null, updatedAt: clock() } : null;
    });
    if (ended) await deps.onEnd(id, end);
  }

  const self: ZoomTokens = {
    async accessFor(id, call = {}) {
      const held = await read(id);
      if (!held.ok) return held;
      return isGood(held.value.tokens, null, clock()) ? accessOf(held.value) : renewOnce(id, null, call);
    },
    async accessInstead(id, refused, call = {}) {
      const held = await read(id);
      if (!held.ok) return held;
      if (isGood(held.value.tokens, refused, clock())) return accessOf(held.value);
      return renewOnce(id, refused, call);
    },
    async end(id, { token, end }, call = {}) {
      const held = await read(id);
      if (!held.ok || held.value.tokens.access !== token) return;
      (call.log ?? deps.log).warn({ connectionId: id, end }, 'Zoom takes the tokens of a connection no longer');
      await noteEnd(id, held.value.sealedTokens, end);
    },
  };
  return self;
}

type Refused = { token: string; because: GrantEnd };
type Held = { connection: Connection; sealedTokens: string; tokens: Tokens };

function isGood(tokens: Tokens, refused: Refused | null, now: number): boolean {
  return tokens.access !== refused?.token && tokens.expiresAt - AHEAD_MS > now;
}

function accessOf({ connection, tokens }: Held): ZoomAnswer<Access> {
  const { apiUrl, scopes } = connection;
  const { accountId, zoomUserId } = connection.profile;
  return { ok: true, value: { token: tokens.access, apiUrl, scopes, accountId, zoomUserId } };
}

function grantFields(current: Connection, grant: Grant): Pick<Connection, 'scopes' | 'apiUrl'> {
  const scopes = grant.scopes.length > 0 ? grant.scopes : current.scopes;
  return { scopes, apiUrl: grant.apiUrl ?? current.apiUrl };
}

function notConnected(end: Connection['end'] | undefined): ZoomFailure {
  return { ok: false, reason: 'not-connected', detail: end ? `the connection ended: ${end}` : 'no such connection' };
}

function transient({ reason, detail }: Exclude<GrantFailure, { reason: 'ended' }>): ZoomFailure {
  const known = reason === 'throttled' || reason === 'unreachable' ? reason : 'fault';
  return { ok: false, reason: known, detail: `renewing the tokens: ${reason}, ${detail}` };
}
