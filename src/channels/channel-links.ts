import type { ChannelId, SyncId, UserId } from './channel.ts';

/** The addresses of a channel's pages for one grant, so that two launches in two tabs do not mix. */
export type ChannelLinks = {
  channel(query?: LinkQuery): string;
  members(query?: LinkQuery): string;
  /** One person's own page of this list: what can be changed, and the form for it. */
  member(userId: UserId, query?: LinkQuery): string;
  /** Where a change of one member posts to. */
  changeMember(userId: UserId): string;
  addMember(query?: LinkQuery): string;
  /** Suggestions for adding somebody, as an HTML fragment; `q` is added by the page. */
  people: string;
  previewMany: string;
  changeMany: string;
  activity(query?: LinkQuery): string;
  undo(activityId: string): string;
  settings(query?: LinkQuery): string;
  meetings(query?: LinkQuery): string;
  recordings(query?: LinkQuery): string;
  /** The question before somebody becomes the owner; the form adds whom. */
  passOn: string;
  changeOwner: string;
  deleteChannel: string;
  restoreChannel: string;
  /** The channels of this person. */
  myChannels(query?: LinkQuery): string;
  /** The recordings of this person that are in no channel. */
  myRecordings(query?: LinkQuery): string;
  /** Where the form "Sync now" posts to. */
  requestSync: string;
  sync(id: SyncId, query?: LinkQuery): string;
  applySync(id: SyncId): string;
  discardSync(id: SyncId): string;
  syncEvents(id: SyncId): string;
  /** The grant's ID, for forms that send it as a field. */
  as: string;
};

export type LinkQuery = Readonly<Record<string, string | number | null | undefined>>;

export function channelLinks(channelId: ChannelId, as: string): ChannelLinks {
  const link = (path: string, query?: LinkQuery) => linkAs(as, `/channels/${channelId}${path}`, query);
  return {
    as,
    channel: (query) => link('', query),
    members: (query) => link('/members', query),
    member: (userId, query) => link(`/members/${userId}`, query),
    changeMember: (userId) => link(`/members/${userId}`),
    addMember: (query) => link('/members/add', query),
    people: link('/people'),
    previewMany: link('/members/preview'),
    changeMany: link('/members/change'),
    activity: (query) => link('/activity', query),
    undo: (activityId) => link(`/activity/${activityId}/undo`),
    settings: (query) => link('/settings', query),
    meetings: (query) => link('/meetings', query),
    recordings: (query) => link('/recordings', query),
    passOn: link('/pass-on'),
    changeOwner: link('/settings/owner'),
    deleteChannel: link('/delete'),
    restoreChannel: link('/restore'),
    myChannels: (query) => linkAs(as, '/channels', query),
    myRecordings: (query) => linkAs(as, '/recordings', query),
    requestSync: link('/sync'),
    sync: (id, query) => link(`/syncs/${id}`, query),
    applySync: (id) => link(`/syncs/${id}/apply`),
    discardSync: (id) => link(`/syncs/${id}/discard`),
    syncEvents: (id) => link(`/syncs/${id}/events`),
  };
}

/** An address of ours as one grant opens it. */
export function linkAs(as: string, path: string, query: LinkQuery = {}): string {
  const search = new URLSearchParams({ as });
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  return `${path}?${search}`;
}
