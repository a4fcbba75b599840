import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import { channelsOf, destinationOf, linkThatBrings } from '../../src/recordings/destination.ts';
import { BRING_BY_DEFAULT, type MeetingLink, type MeetingLinkId } from '../../src/zoom/meeting-link.ts';

const DAY = 86_400_000;
const MADE = Date.parse('2026-09-10T12:00:00Z');
const NOW = MADE + 3 * DAY;

function link(changes: Partial<MeetingLink> = {}): MeetingLink {
  return {
    id: 'link' as MeetingLinkId,
    channelId: 'channel' as ChannelId,
    platformId: 'platform' as MeetingLink['platformId'],
    number: '81234567890',
    linkedBy: 'person' as MeetingLink['linkedBy'],
    connectionId: 'connection' as MeetingLink['connectionId'],
    ...{ name: null, topic: null, kind: 'recurring', joinUrl: 'https://zoom.us/j/81234567890' },
    ...{ from: null, until: null, timeZone: 'UTC', mode: 'automatic', bring: BRING_BY_DEFAULT },
    ...{ visibility: 'hidden', times: [], checkedAt: null, inZoom: 'known' },
    ...{ createdAt: MADE, updatedAt: MADE, version: 1 },
    ...changes,
  };
}

function held(at: string, durationMs = 3_600_000) {
  return { number: '81234567890', startedAt: Date.parse(at), durationMs };
}

describe('where a recording may go', () => {
  it.each<[string, string, Partial<MeetingLink>, boolean]>([
    ['within the days', '2026-09-20T10:00:00Z', { from: '2026-09-20', until: '2026-09-20' }, true],
    ['before the first', '2026-09-19T23:59:59Z', { from: '2026-09-20' }, false],
    ['after the last', '2026-09-21T00:00:00Z', { until: '2026-09-20' }, false],
    ['on the last in its zone', '2026-09-21T02:30:00Z', { until: '2026-09-20', timeZone: 'America/New_York' }, true],
    ['on the first in its zone', '2026-09-19T15:30:00Z', { from: '2026-09-20', timeZone: 'Asia/Tokyo' }, true],
    ['of another meeting', '2026-09-20T10:00:00Z', { number: '98765432109' }, false],
    ['where the zone is none', '2026-09-20T10:00:00Z', { from: '2026-09-20', timeZone: '99' }, true],
  ])('is a matter of the meeting and its days: %s', (_name, at, changes, expected) => {
    expect(destinationOf(held(at), [link(changes)]).kind).toBe(expected ? 'one' : 'nowhere');
  });

  it('is for its owner to say when several links are about the day', () => {
    const term = link({ from: '2026-09-01', until: '2027-01-31' });
    const always = link({ id: 'other' as MeetingLinkId, channelId: 'other' as ChannelId, mode: 'ask' });
    const destination = destinationOf(held('2026-10-01T10:00:00Z'), [term, always]);
    expect(destination).toEqual({ kind: 'several', links: [term, always] });
    expect(channelsOf(destination)).toEqual(['channel', 'other']);
    expect(linkThatBrings(held('2026-10-01T10:00:00Z'), [term, always], NOW)).toBeNull();
    expect(destinationOf(held('2027-03-01T10:00:00Z'), [term, always])).toEqual({ kind: 'one', link: always });
  });

  it('never is both of two links that follow each other, in whatever zone', () => {
    const zones = fc.constantFrom('UTC', 'Pacific/Kiritimati', 'Pacific/Niue', 'Europe/Lisbon', 'Asia/Kathmandu');
    const at = fc.integer({ min: Date.parse('2026-08-01T00:00:00Z'), max: Date.parse('2026-11-30T00:00:00Z') });
    fc.assert(
      fc.property(at, zones, (startedAt, timeZone) => {
        const links = [link({ until: '2026-09-30', timeZone }), link({ from: '2026-10-01', timeZone })];
        expect(destinationOf({ number: '81234567890', startedAt }, links).kind).toBe('one');
      }),
    );
  });
});

describe('what comes in by itself', () => {
  it.each<[string, string, Partial<MeetingLink>, number, boolean]>([
    ['new ones', '2026-09-12T10:00:00Z', {}, NOW, true],
    ['one that was going on when it was linked', '2026-09-10T11:30:00Z', {}, NOW, true],
    ['none from before the link', '2026-09-10T10:30:00Z', {}, NOW, false],
    ['those from a first day on', '2025-10-10T10:00:00Z', { from: '2025-10-10' }, NOW, true],
    ['none before that day', '2025-10-09T23:00:00Z', { from: '2025-10-10' }, NOW, false],
    ['none when it asks first', '2026-09-12T10:00:00Z', { mode: 'ask' }, NOW, false],
    ['nothing that the bin may have forgotten', '2026-09-12T10:00:00Z', {}, NOW + 120 * DAY, false],
    ['old ones only soon after linking', '2025-10-10T10:00:00Z', { from: '2025-10-10' }, NOW + 30 * DAY, false],
  ])('is: %s', (_name, at, changes, now, expected) => {
    expect(linkThatBrings(held(at), [link(changes)], now) !== null).toBe(expected);
  });
});
