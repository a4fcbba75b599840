import type { ChannelId, SyncId } from './channel.ts';

/** The addresses of a channel's pages for one grant, so that two launches in two tabs do not mix. */
export type ChannelLinks = {
  channel(query?: LinkQuery): string;
  members(query?: LinkQuery): string;
  /** Where the form "Sync now" posts to. */
  requestSync: string;
  sync(id: SyncId, query?: LinkQuery): string;
  applySync(id: SyncId): string;
  discardSync(id: SyncId): string;
  syncEvents(id: SyncId): string;
  /** The grant's ID, for forms that send it as a field. */
  as: string;
};

type LinkQuery = Readonly<Record<string, string | number | null | undefined>>;

export function channelLinks(channelId: ChannelId, as: string): ChannelLinks {
  const root = `/channels/${channelId}`;
  const link = (path: string, query: LinkQuery = {}) => {
    const search = new URLSearchParams({ as });
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
    }
    return `${root}${path}?${search}`;
  };
  return {
    as,
    channel: (query) => link('', query),
    members: (query) => link('/members', query),
    requestSync: link('/sync'),
    sync: (id, query) => link(`/syncs/${id}`, query),
    applySync: (id) => link(`/syncs/${id}/apply`),
    discardSync: (id) => link(`/syncs/${id}/discard`),
    syncEvents: (id) => link(`/syncs/${id}/events`),
  };
}
