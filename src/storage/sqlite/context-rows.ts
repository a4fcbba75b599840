import type { ChannelId, CourseContext } from '../../channels/channel.ts';
import type { ChannelOpening } from '../../channels/channel-store.ts';
import { wellFormed } from '../../lib/fold.ts';
import { fromJson, type Row, toJson } from './columns.ts';
import type { Database } from './database.ts';

const COLUMNS = `platform_id, context_id, channel_id, title, label, types, deployment_ids, roster_url, first_launch_at,
  last_launch_at`;

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
  const byKey = db
    .prepare<[string, string], Row>(`SELECT ${COLUMNS} FROM contexts WHERE platform_id = ? AND context_id = ?`)
    .raw();
  const byChannel = db
    .prepare<[string], Row>(
      `SELECT ${COLUMNS} FROM contexts WHERE channel_id = ? ORDER BY first_launch_at, platform_id, context_id`,
    )
    .raw();
  const save = db.prepare<unknown[]>(
    `INSERT INTO contexts (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (platform_id, context_id) DO UPDATE SET
       title = excluded.title, label = excluded.label, types = excluded.types,
       deployment_ids = excluded.deployment_ids, roster_url = excluded.roster_url,
       last_launch_at = excluded.last_launch_at`,
  );

  function write(context: CourseContext): CourseContext {
    save.run(...values(context));
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

/** In the order of `COLUMNS`. */
function values(context: CourseContext): Row {
  return [
    context.platformId,
    context.contextId,
    context.channelId,
    context.title,
    context.label,
    toJson(context.types),
    toJson(context.deploymentIds),
    context.rosterUrl,
    context.firstLaunchAt,
    context.lastLaunchAt,
  ];
}

/** Reads a row of `COLUMNS`. */
function read(row: Row): CourseContext {
  return {
    platformId: row[0] as CourseContext['platformId'],
    contextId: row[1] as string,
    channelId: row[2] as ChannelId,
    title: row[3] as string,
    label: row[4] as string | null,
    types: fromJson(row[5] as string),
    deploymentIds: fromJson(row[6] as string),
    rosterUrl: row[7] as string | null,
    firstLaunchAt: row[8] as number,
    lastLaunchAt: row[9] as number,
  };
}
