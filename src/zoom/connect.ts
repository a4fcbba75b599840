import { createHash } from 'node:crypto';
import type { UserId } from '../channels/channel.ts';
import type { Clock } from '../lib/clock.ts';
import type { Encryption } from '../lib/encryption.ts';
import { hashSecret, newId, newSecret, type Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { Authorisation, Connection, ConnectionId, ZoomProfile } from './connection.ts';
import type { Endings } from './end-connection.ts';
import { sealTokens } from './sealed-tokens.ts';
import type { ZoomAnswer } from './zoom-api.ts';
import type { Grant, GrantFailure, ZoomOAuth } from './zoom-oauth.ts';
import { missingScopes, OPTIONAL_SCOPES, REQUIRED_SCOPES } from './zoom-scopes.ts';
import type { ConnectionStore } from './zoom-store.ts';

export type ConnectDeps = {
  connections: ConnectionStore;
  oauth: ZoomOAuth;
  /** Who Zoom says a grant is of. */
  profileOf: (grant: Grant) => Promise<ZoomAnswer<ZoomProfile>>;
  leaveBy: Endings['leaveBy'];
  encryption: Encryption;
  clock: Clock;
  random: Random;
};

/**
 * Why nobody was connected. `declined`: the person said no. `other-account`: they are connected with another Zoom account.
 * `scopes`: Zoom gave less than is needed. `bad-code`: Zoom knows its own code no more. `misconfigured`: Zoom does not take this
 * site's app. `passing`: Zoom did not do it at the moment.
 */
export type ConnectFailure = 'declined' | 'other-account' | 'scopes' | 'bad-code' | 'misconfigured' | 'passing';

export type Begun = { url: string; state: string };
/** What became of an authorisation. */
export type Completion = { result: Result<Connection, ConnectFailure>; authorisation: Authorisation };

export type Connect = {
  /** Begins for a person: where to send them, and the state that their browser must bring back. */
  begin(person: { userId: UserId; grantId: string; returnTo: string }): Promise<Begun>;
  /**
   * What Zoom's redirect brought. Each state counts once, whatever becomes of it; null when nobody began with it, or too long
   * ago.
   */
  complete(back: { state: string; code: string | null; error: string | null }): Promise<Completion | null>;
};

/** Zoom's own codes live 5 minutes; somebody who has to sign in there, and find a second factor, needs longer. */
const CALLBACK_WITHIN_MS = 20 * 60_000;
/** For so long "you began and did not come back" is told. */
const REMEMBERED_MS = 7 * 86_400_000;

export function createConnect(deps: ConnectDeps): Connect {
  const { connections, oauth, encryption, clock, random } = deps;

  async function redeem({ userId, ...begun }: Authorisation, code: string): Promise<Completion['result']> {
    const verifier = encryption.open(begun.sealedVerifier, verifierContext(begun.stateHash));
    const granted = await oauth.exchange({ code, verifier });
    if (!granted.ok) return failure(failureOf(granted), granted.detail);
    const grant = granted.value;
    const profile = await deps.profileOf(grant);
    const connected = await connect(grant, profile, userId);
    if (connected.ok) await connections.forgetAuthorisations(userId);
    else if (connected.reason !== 'passing') await giveBack(grant, profile, userId);
    return connected;
  }

  async function connect(
    grant: Grant,
    profile: ZoomAnswer<ZoomProfile>,
    userId: UserId,
  ): Promise<Completion['result']> {
    const missing = missingScopes(grant.scopes);
    if (missing.length > 0) return failure('scopes', missing.join(' '));
    if (!profile.ok) return failure(profile.reason === 'scope-missing' ? 'scopes' : 'passing', profile.detail);
    const fresh = freshConnection(grant, profile.value, userId, { now: clock(), random });
    const write = () => connections.connect(fresh, (id) => sealTokens(encryption, id, grant.tokens));
    const held = await connections.findConnectionOf(userId);
    const isAnother = held !== null && held.profile.zoomUserId !== profile.value.zoomUserId;
    const written = isAnother ? await deps.leaveBy(held, userId, write) : await write();
    return written.ok ? success(written.value.connection) : failure(written.reason);
  }

  /**
   * No grant is left at Zoom that nobody here knows of. Where somebody else holds the connection of that Zoom account, theirs
   * ended when this one was given: it goes on with this one, and to revoke it would remove the app for them. So one that may
   * be of the person's own connection, which others may hold too, is left to run out.
   */
  async function giveBack(grant: Grant, profile: ZoomAnswer<ZoomProfile>, userId: UserId): Promise<void> {
    const known = profile.ok
      ? await connections.findConnectionOfZoomUser(profile.value.zoomUserId)
      : await connections.findConnectionOf(userId);
    if (!known) return void (await oauth.revoke(grant.tokens.access));
    if (!profile.ok) return;
    if (missingScopes(grant.scopes).length > 0) return;
    const { scopes, apiUrl } = grant;
    const sealedTokens = sealTokens(encryption, known.id, grant.tokens);
    const renewed = { state: 'live', end: null, profile: profile.value, scopes, apiUrl, sealedTokens } as const;
    await connections.changeConnection(known.id, clock(), (current) => ({ ...current, ...renewed }));
  }

  return {
    async begin({ userId, grantId, returnTo }) {
      const state = newSecret(random);
      const verifier = newSecret(random);
      const stateHash = hashSecret(state);
      const now = clock();
      await connections.startAuthorisation({
        stateHash,
        userId,
        grantId,
        sealedVerifier: encryption.seal(verifier, verifierContext(stateHash)),
        returnTo,
        startedAt: now,
        validUntil: now + CALLBACK_WITHIN_MS,
        expiresAt: now + REMEMBERED_MS,
      });
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const url = oauth.authorizeUrl({
        state,
        challenge,
        scopes: REQUIRED_SCOPES,
        optionalScopes: OPTIONAL_SCOPES,
      });
      return { url, state };
    },
    async complete({ state, code, error }) {
      const authorisation = await connections.takeAuthorisation(hashSecret(state), clock());
      if (!authorisation) return null;
      if (code === null) return { result: failure('declined', error ?? 'no code'), authorisation };
      return { result: await redeem(authorisation, code), authorisation };
    },
  };
}

function verifierContext(stateHash: string): string {
  return `zoom-authorisation/${stateHash}`;
}

function failureOf({ reason }: GrantFailure): ConnectFailure {
  if (reason === 'misconfigured' || reason === 'bad-code') return reason;
  // A fresh code whose grant has ended already: an administrator's doing, or a second authorisation in another tab.
  return reason === 'ended' ? 'bad-code' : 'passing';
}

function freshConnection(
  { scopes, apiUrl }: Grant,
  profile: ZoomProfile,
  userId: UserId,
  { now, random }: { now: number; random: Random },
): Connection {
  const id: ConnectionId = newId(now, random);
  return {
    id,
    state: 'live',
    end: null,
    profile,
    holders: [userId],
    scopes,
    apiUrl,
    sealedTokens: null,
    walk: { sweptAt: null, readFrom: null, complete: false, fault: null, asked: true },
    connectedAt: now,
    updatedAt: now,
    version: 1,
  };
}
