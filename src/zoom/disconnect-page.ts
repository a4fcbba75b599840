import { linkAs } from '../channels/channel-links.ts';
import type { Visitor } from '../channels/viewer.ts';
import type { Reader } from '../lib/reader.ts';
import type { Connection } from './connection.ts';

/** What disconnecting does, before it is done: what stops, what is deleted, and what stays. */
export type DisconnectPage = {
  title: string;
  family: string;
  question: string;
  consequences: string[];
  action: string;
  back: string;
};

export function disconnectPage(
  { grant }: Visitor,
  { connection, links }: { connection: Connection; links: number },
  { t, number }: Reader,
): DisconnectPage {
  const shared = connection.holders.length > 1;
  return {
    title: t('zoom.disconnect.title'),
    family: grant.family,
    question: t('zoom.disconnect.question'),
    consequences: [
      t('zoom.disconnect.stops'),
      ...(links > 0 ? [t('zoom.disconnect.links', { count: links, number: number(links) })] : []),
      t(shared ? 'zoom.disconnect.shared' : 'zoom.disconnect.deleted'),
      t('zoom.disconnect.stays'),
      t('zoom.disconnect.undo'),
    ],
    action: linkAs(grant.id, '/zoom/disconnect'),
    back: linkAs(grant.id, '/zoom'),
  };
}
