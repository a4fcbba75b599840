import type { ChannelId, UserId } from '../../../src/channels/channel.ts';
import type { Authorisation, Connection, ConnectionId, ZoomProfile } from '../../../src/zoom/connection.ts';
import { BRING_BY_DEFAULT, type MeetingLink, type MeetingLinkId } from '../../../src/zoom/meeting-link.ts';
import { NOW, PLATFORM } from './builders.ts';

export function asUser(name: string): UserId {
  return name as UserId;
}

/** The tokens that a connection of this ID has when `connect` is asked with it. */
export function sealFor(id: ConnectionId): string {
  return `sealed for ${id}`;
}

type ConnectionChange = Partial<Omit<Connection, 'profile' | 'holders'>> & { profile?: Partial<ZoomProfile> };

/** What a person brings back from Zoom as its user `zoomUserId`. */
export function makeConnection(person: string, zoomUserId: string, change: ConnectionChange = {}): Connection {
  const profile: ZoomProfile = {
    ...{ zoomUserId, accountId: 'account-1', name: `Name of ${zoomUserId}`, email: `${zoomUserId}@zoom.example` },
    ...{ plan: 'licensed', personalRoom: '5551112222', timeZone: 'Europe/Vienna', memberSince: null },
    ...change.profile,
  };
  return {
    id: `connection-${person}-${zoomUserId}` as ConnectionId,
    state: 'live',
    end: null,
    holders: [asUser(person)],
    scopes: ['meeting:read:meeting', 'cloud_recording:read:list_user_recordings'],
    apiUrl: 'https://api.zoom.example',
    sealedTokens: null,
    walk: { sweptAt: null, readFrom: null, complete: false, fault: null, asked: false },
    connectedAt: NOW,
    updatedAt: NOW,
    version: 1,
    ...change,
    profile,
  };
}

export function makeAuthorisation(state: string, change: Partial<Authorisation> = {}): Authorisation {
  return {
    stateHash: state,
    userId: asUser('ana'),
    grantId: 'grant-1',
    sealedVerifier: `sealed ${state}`,
    returnTo: '/zoom?as=grant-1',
    startedAt: NOW,
    validUntil: NOW + 100,
    expiresAt: NOW + 1000,
    ...change,
  };
}

export function makeLink(id: string, change: Partial<MeetingLink> = {}): MeetingLink {
  return {
    id: id as MeetingLinkId,
    channelId: 'channel-1' as ChannelId,
    platformId: PLATFORM,
    number: '84512345678',
    linkedBy: asUser('ana'),
    connectionId: 'connection-1' as ConnectionId,
    name: null,
    topic: 'Biology 101',
    kind: 'recurring',
    joinUrl: 'https://zoom.example/j/84512345678',
    from: '2026-09-01',
    until: '2027-01-31',
    timeZone: 'Europe/Vienna',
    mode: 'ask',
    bring: BRING_BY_DEFAULT,
    visibility: 'hidden',
    times: [{ startsAt: NOW + 86_400_000, durationMs: 3_600_000 }],
    checkedAt: NOW,
    inZoom: 'known',
    createdAt: NOW,
    updatedAt: NOW,
    version: 1,
    ...change,
  };
}
