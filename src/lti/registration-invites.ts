import type { Clock } from '../lib/clock.ts';
import { hashSecret, newId, newSecret, type Random } from '../lib/ids.ts';
import type { InviteStore } from './lti-store.ts';

export type NewInvite = {
  /** How long it can be used, in milliseconds. */
  ttlMs: number;
  /** Whether the LMS is active as soon as it is registered. */
  activates: boolean;
  note: string | null;
};

/** Invites to register one LMS each. The secret is in the URL alone; the store has its hash. */
export function createRegistrationInvites(deps: {
  invites: InviteStore;
  clock: Clock;
  random: Random;
  publicUrl: string;
}) {
  return {
    /** Returns the registration URL that an LMS administrator pastes; it is shown once. */
    async create(invite: NewInvite): Promise<{ id: string; url: string; expiresAt: number }> {
      const createdAt = deps.clock();
      const secret = newSecret(deps.random);
      const id: string = newId<'invite'>(createdAt, deps.random);
      const expiresAt = createdAt + invite.ttlMs;
      const { activates, note } = invite;
      const unused = { usedAt: null, platformId: null };
      await deps.invites.addInvite({
        id,
        secretHash: hashSecret(secret),
        activates,
        note,
        createdAt,
        expiresAt,
        ...unused,
      });
      return { id, url: `${deps.publicUrl}/lti/register?invite=${secret}`, expiresAt };
    },
  };
}
