import { describe, expect, it } from 'vitest';
import type { ChannelId } from '../../../src/channels/channel.ts';
import type { EntryDecision } from '../../../src/channels/channel-store.ts';
import { emptyMembership, withLaunch } from '../../../src/channels/membership.ts';
import { atOnce, makeOpening, NOW, type OpenStorage, openChannel, PLATFORM } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineCourseEntrySuite(open: OpenStorage): void {
  describe('entering a course by a launch', () => {
    const storage = useStorage(open);
    const person = { name: 'Ana', email: 'ana@school.example' };

    function entry(subject: string, at = NOW) {
      return { opening: makeOpening('c1', { at }), subject, person };
    }

    function asLearner(subject: string, at = NOW): EntryDecision {
      const launch = { subject, person, level: 'member', roles: 'Learner', isTest: false, at } as const;
      return (known, { id: channelId }, userId) =>
        withLaunch(known ?? emptyMembership({ channelId, userId, subject }, 'launch', at), launch);
    }

    it('makes the channel, the person and the membership at the first launch', async () => {
      const opened = await storage().channels.enterByLaunch(entry('ana'), asLearner('ana'));
      expect(opened).toMatchObject({ created: true, channel: { id: 'channel-c1' }, context: { contextId: 'c1' } });
      const { userId, membership } = opened.entered!;
      expect(membership).toMatchObject({ subject: 'ana', person, level: 'member', version: 1, updatedAt: NOW });
      expect(await storage().channels.findChannel(opened.channel.id)).toEqual(opened.channel);
      expect(await storage().channels.findContext(PLATFORM, 'c1')).toEqual(opened.context);
      expect(await storage().memberships.findUser(userId)).toMatchObject({ subject: 'ana', ...person });
      expect(await storage().memberships.findMembership(opened.channel.id, userId)).toEqual(membership);
    });

    it('makes one channel for the first launches of twenty people at once, and enters each', async () => {
      const opened = await atOnce(20, (i) => {
        const { opening, ...rest } = entry(`person-${i}`);
        const fresh = { ...opening.fresh, id: `channel-${i}` as ChannelId };
        return storage().channels.enterByLaunch({ ...rest, opening: { ...opening, fresh } }, asLearner(`person-${i}`));
      });
      expect(opened.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(opened.map(({ channel }) => channel.id)).size).toBe(1);
      expect((await storage().channels.listChannels({}, { limit: 50 })).items).toHaveLength(1);
      expect((await storage().memberships.countMembers(opened[0]!.channel.id)).total).toBe(20);
    });

    it('makes one person and one membership for twenty first launches of somebody at once', async () => {
      const opened = await atOnce(20, (i) =>
        storage().channels.enterByLaunch(entry('ana', NOW + i), asLearner('ana', NOW + i)),
      );
      expect(new Set(opened.map(({ entered }) => entered!.userId)).size).toBe(1);
      expect((await storage().memberships.countMembers(opened[0]!.channel.id)).total).toBe(1);
    });

    it('shows what is known to the decision, and brings course and membership up to date', async () => {
      const first = await storage().channels.enterByLaunch(entry('ana'), asLearner('ana'));
      const opening = makeOpening('c1', { title: 'Botany 102', at: NOW + 5 });
      const seen: Parameters<EntryDecision>[] = [];
      const later = await storage().channels.enterByLaunch({ opening, subject: 'ana', person }, (...known) => {
        seen.push(known);
        return asLearner('ana', NOW + 5)(...known);
      });
      expect(seen.at(-1)).toEqual([first.entered!.membership, later.channel, first.entered!.userId]);
      expect(later).toMatchObject({ created: false, channel: { title: 'Botany 102' } });
      expect(later.entered!.membership).toMatchObject({ launchAt: NOW + 5, version: 2 });
    });

    it('makes no membership where the decision is to change none', async () => {
      const opened = await storage().channels.enterByLaunch(entry('ana'), () => null);
      expect(opened.entered!.membership).toBeNull();
      expect(await storage().memberships.findUser(opened.entered!.userId)).toMatchObject({ subject: 'ana' });
      expect((await storage().memberships.countMembers(opened.channel.id)).total).toBe(0);
    });

    it('enters nobody into a deleted channel', async () => {
      const channel = await openChannel(storage(), 'c1');
      await storage().channels.updateChannel({ ...channel, deletedAt: NOW + 1 }, NOW + 1);
      let asked = false;
      const opened = await storage().channels.enterByLaunch(entry('ana', NOW + 2), () => {
        asked = true;
        return null;
      });
      expect(opened).toMatchObject({ created: false, channel: { deletedAt: NOW + 1 }, entered: null });
      expect(asked).toBe(false);
    });
  });
}
