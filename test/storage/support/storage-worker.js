// A process of its own with a connection of its own: waits for tasks and answers each with what it did.
const { openSqlite } = await import(process.argv[2]);

let storage;

const tasks = {
  open({ path }) {
    const opened = openSqlite({ path });
    if (opened.ok) storage = opened.value;
    return opened.ok ? 'opened' : opened.reason;
  },
  async openChannels({ openings }) {
    const results = [];
    for (const opening of openings) results.push(await storage.channels.openChannelForContext(opening));
    return results.map(({ channel, created }) => ({ id: channel.id, created }));
  },
  async takeLogins({ states, now }) {
    const taken = [];
    for (const state of states) if (await storage.logins.consumeLoginState(state, now)) taken.push(state);
    return taken;
  },
  async claimInvites({ secrets, now, until }) {
    const claimed = [];
    for (const secret of secrets) if (await storage.invites.claimInvite(secret, now, until)) claimed.push(secret);
    return claimed;
  },
  async takeLeases({ names, holder, now, until }) {
    const held = [];
    for (const name of names) if (await storage.leases.acquireLease(name, holder, now, until)) held.push(name);
    return held;
  },
  async requestSyncs({ runs }) {
    const created = [];
    for (const run of runs) if ((await storage.syncs.requestSync(run)).created) created.push(run.channelId);
    return created;
  },
  async countUp({ key, times }) {
    for (let i = 0; i < times; i++) {
      await storage.memberships.changeMembership(key, (m) => ({ ...m, lastSeenAt: (m.lastSeenAt ?? 0) + 1 }));
    }
    return times;
  },
  async noteUp({ key, events }) {
    for (const event of events) {
      await storage.memberships.changeMembership(
        key,
        (m) => ({ ...m, lastSeenAt: (m.lastSeenAt ?? 0) + 1 }),
        (before, after) => ({ ...event, from: String(before.version), to: String(after.version) }),
      );
    }
    return events.length;
  },
  async removeExpired({ now, limit }) {
    while (await storage.removeExpired(now, limit));
    return 'done';
  },
  async restore({ id, at, times }) {
    let restored = 0;
    for (let i = 0; i < times; i++) {
      const channel = await storage.channels.findChannel(id);
      if (channel && (await storage.channels.updateChannel({ ...channel, deletedAt: null }, at))) restored++;
    }
    return restored;
  },
  async hit({ key, now, times }) {
    const hits = [];
    for (let i = 0; i < times; i++) hits.push((await storage.rateLimits.countHit(key, now, 1000)).hits);
    return hits;
  },
};

process.on('message', async ({ name, ...task }) => {
  process.send(await tasks[name](task));
});
