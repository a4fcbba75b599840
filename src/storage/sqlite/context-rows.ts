import type { ChannelId, CourseContext } from '../../channels/channel.ts';
import type { ChannelOpening } from '../../channels/channel-store.ts';
import { wellFormed } from '../../lib/fold.ts';
import { fromJson, toJson } from './columns.ts';
import type { Database } from './database.ts';

type ContextRow = Omit<CourseContext, 'types' | 'deploymentIds'> & { types: string; deploymentIds: string };

const COLUMNS = `platform_id AS platformId, context_id AS contextId, channel_id AS channelId, title, label, types,
  deployment_ids AS deploymentIds, roster_url AS rosterUrl, first_launch_at AS firstLaunchAt,
  last_launch_at AS lastLaunchAt`;

/** The rows of `contexts`; the channel store calls these inside its transactions. */
export type ContextRows = {
  find(platformId: string, contextId: string): CourseContext | null;
  /** In the order of their first launches. */
  ofChannel(channelId: ChannelId): CourseContext[];
  insert(opening: ChannelOpening, channelId: ChannelId): CourseContext;
  /** Brings a known context up to date with a launch. */
  refresh(known: CourseContext, opening: ChannelOpening): CourseContext;
};

export function createContextRows(db: Database): ContextRows {
  const byKey = db.prepare<[string, string], ContextRow>(
    `SELECT ${COLUMNS} FROM contexts WHERE platform_id = ? AND context_id = ?`,
  );
  const byChannel = db.prepare<[string], ContextRow>(
    `SELECT ${COLUMNS} FROM contexts WHERE channel_id = ? ORDER BY first_launch_at, platform_id, context_id`,
  );
  const save = db.prepare<[ContextRow]>(
    `INSERT INTO contexts (platform_id, context_id, channel_id, title, label, types, deployment_ids, roster_url,
       first_launch_at, last_launch_at)
     VALUES (@platformId, @contextId, @channelId, @title, @label, @types, @deploymentIds, @rosterUrl,
       @firstLaunchAt, @lastLaunchAt)
     ON CONFLICT (platform_id, context_id) DO UPDATE SET
       title = excluded.title, label = excluded.label, types = excluded.types,
       deployment_ids = excluded.deployment_ids, roster_url = excluded.roster_url,
       last_launch_at = excluded.last_launch_at`,
  );

  function write(context: CourseContext): CourseContext {
    save.run({ ...context, types: toJson(context.types), deploymentIds: toJson(context.deploymentIds) });
    return context;
  }

  return {
    find(platformId, contextId) {
      const row = byKey.get(platformId, contextId);
      return row ? read(row) : null;
    },
    ofChannel: (channelId) => byChannel.all(channelId).map(read),
    insert: (opening, channelId) =>
      write({
        ...said(opening),
        platformId: opening.platformId,
        contextId: opening.contextId,
        channelId,
        deploymentIds: [opening.deploymentId],
        rosterUrl: opening.rosterUrl,
        firstLaunchAt: opening.at,
        lastLaunchAt: opening.at,
      }),
    refresh: (known, opening) =>
      write({
        ...known,
        ...said(opening),
        deploymentIds: [...new Set([...known.deploymentIds, opening.deploymentId])],
        rosterUrl: opening.rosterUrl ?? known.rosterUrl,
        lastLaunchAt: Math.max(known.lastLaunchAt, opening.at),
      }),
  };
}

function said({ title, label, types }: ChannelOpening): Pick<CourseContext, 'title' | 'label' | 'types'> {
  return { title: wellFormed(title), label: label === null ? null : wellFormed(label), types };
}

function read(row: ContextRow): CourseContext {
  return { ...row, types: fromJson(row.types), deploymentIds: fromJson(row.deploymentIds) };
}
