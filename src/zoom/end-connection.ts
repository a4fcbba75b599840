import type { Logger } from 'pino';
import type { UserId } from '../channels/channel.ts';
import type { JobEnd, JobKind, Jobs } from '../jobs/jobs.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Connection, ConnectionEnd, ConnectionId } from './connection.ts';
import type { GiveBack } from './give-back.ts';
import type { ConnectionStore } from './zoom-store.ts';

export type EndConnectionDeps = {
  connections: ConnectionStore;
  /** Null when no Zoom app is set up. */
  giveBack: GiveBack | null;
  jobs: Pick<Jobs, 'request'>;
  /**
   * What other parts hold of a connection and give up with it: of one person who left it, or all of it (null). Each may be
   * called again and again.
   */
  forget: readonly ((id: ConnectionId, leaver: UserId | null) => Promise<void>)[];
  clock: Clock;
  log: Logger;
};

export type Endings = {
  /**
   * Ends it for one person, because they said so. With the last one who holds it all that came from Zoom about them is
   * forgotten, and Zoom is told. Returns false when they held none.
   */
  disconnect(userId: UserId): Promise<boolean>;
  /**
   * Ends it for all who hold it, because Zoom says that there is nothing to hold. Nothing happens when its grant lives:
   * somebody connected anew since.
   */
  endForAll(id: ConnectionId, end: ConnectionEnd): Promise<void>;
  /** Does `step`, in which a person may leave a connection for another one, and forgets what they left. */
  leaveBy<Value>(connection: Connection, userId: UserId, step: () => Promise<Value>): Promise<Value>;
  /** Forgets what was left behind, should the process have died in the midst of it, and tells Zoom. */
  kind: JobKind<ForgetData>;
};

export type ForgetData = {
  connectionId: ConnectionId;
  leavers: UserId[];
  /** What Zoom is told of, once nobody holds the connection; null when it knows already. */
  grant: { zoomUserId: string; sealedTokens: string } | null;
  /** Epoch milliseconds of the machine. */
  askedAt: number;
};

const FORGET = { name: 'forget-zoom-connection' };
/** It is asked for just before somebody leaves, and so may come a moment too early; milliseconds. */
const LOOK_AGAIN_MS = 2_000;
const NOT_LEFT_AFTER_MS = 60_000;
const TELL_AGAIN_MS = 60_000;
/** Nothing depends on it: what Zoom is not told by then is seen in the person's apps in Zoom. */
const TOLD_WITHIN_MS = 3_600_000;

export function createEndings(deps: EndConnectionDeps): Endings {
  const { connections, clock, log } = deps;

  async function leaveBy<Value>(leave: Leave, step: () => Promise<Value>): Promise<Value> {
    const { connection, people, tell } = leave;
    const { id, sealedTokens, profile } = connection;
    const grant = tell && sealedTokens !== null ? { zoomUserId: profile.zoomUserId, sealedTokens } : null;
    await deps.jobs.request<ForgetData>(FORGET, [id, ...people].join('/'), {
      ...{ connectionId: id, leavers: [...people], grant },
      askedAt: systemClock(),
    });
    const done = await step();
    await forgetLeft(id, people);
    return done;
  }

  async function end(leave: Leave, why: ConnectionEnd, only?: { ifState: 'broken' }): Promise<void> {
    const { id } = leave.connection;
    const at = clock();
    const ended = leave.people.map((userId) => ({ userId, end: why, at }));
    await leaveBy(leave, async () => {
      const removed = await connections.endConnection(id, ended, only);
      log.info({ connectionId: id, end: why, removed }, 'a Zoom connection was ended');
    });
  }

  /** Forgets what those people left who hold the connection no longer. `held`: by some of them still. */
  async function forgetLeft(id: ConnectionId, people: readonly UserId[]): Promise<'removed' | 'left' | 'held'> {
    const connection = await connections.findConnection(id);
    const gone = people.filter((userId) => !connection?.holders.includes(userId));
    for (const leaver of connection ? gone : [null]) {
      for (const forget of deps.forget) await forget(id, leaver);
    }
    if (!connection) return 'removed';
    return gone.length === people.length ? 'left' : 'held';
  }

  async function tellZoom({ connectionId, grant, askedAt }: ForgetData): Promise<JobEnd> {
    // The person authorised us anew: to end what was before might end that, too.
    if (!grant || !deps.giveBack || (await connections.findConnectionOfZoomUser(grant.zoomUserId))) return null;
    const outcome = await deps.giveBack({ connectionId, sealedTokens: grant.sealedTokens });
    log.info({ connectionId, outcome }, 'Zoom was told of the end of a connection');
    if (outcome !== 'later' || systemClock() - askedAt > TOLD_WITHIN_MS) return null;
    return { againAt: systemClock() + TELL_AGAIN_MS };
  }

  return {
    async disconnect(userId) {
      const connection = await connections.findConnectionOf(userId);
      if (!connection) return false;
      await end({ connection, people: [userId], tell: true }, 'disconnected');
      return true;
    },
    async endForAll(id, why) {
      const connection = await connections.findConnection(id);
      if (connection?.state !== 'broken') return;
      await end({ connection, people: connection.holders, tell: false }, why, { ifState: 'broken' });
    },
    leaveBy: (connection, userId, step) => leaveBy({ connection, people: [userId], tell: false }, step),
    kind: {
      ...FORGET,
      atOnce: 1,
      lockMs: 60_000,
      retryAfter: [5_000, 60_000, 600_000],
      async run(data) {
        const left = await forgetLeft(data.connectionId, data.leavers);
        if (left === 'removed') return tellZoom(data);
        const waited = systemClock() - data.askedAt;
        return left === 'held' && waited < NOT_LEFT_AFTER_MS ? { againAt: systemClock() + LOOK_AGAIN_MS } : null;
      },
    },
  };
}

/** `tell`: Zoom does not know of it yet. */
type Leave = { connection: Connection; people: readonly UserId[]; tell: boolean };
