import type { ChannelId, PlatformId } from '../../channels/channel.ts';
import type { SyncStore } from '../../channels/channel-store.ts';
import type { SyncRun } from '../../channels/sync-run.ts';
import { fromJson, type Row, toJson } from './columns.ts';
import { atomic, type Database } from './database.ts';
import { createSyncChanges } from './sync-changes.ts';

type SyncRow = Omit<SyncRun, 'counts'> & { counts: string };

const COLUMNS = `id, channel_id AS channelId, platform_id AS platformId, state, phase, trigger,
  requested_by AS requestedBy, pages, members, counts, total_changes AS totalChanges,
  applied_changes AS appliedChanges, reason, restarts, decided_by AS decidedBy, queued_at AS queuedAt,
  started_at AS startedAt, finished_at AS finishedAt, tries, not_before AS notBefore`;

export function createSyncStore(db: Database): SyncStore {
  return { ...runReads(db), ...runWrites(db), ...createSyncChanges(db) };
}

type RunReads = Pick<
  SyncStore,
  'findSync' | 'listSyncs' | 'lastSync' | 'unfinishedSyncs' | 'platformsWithSyncs' | 'channelsDueForSync'
>;

const UNFINISHED = `state IN ('queued', 'running')
  AND (@dueAt IS NULL OR not_before IS NULL OR not_before <= @dueAt)`;

function runReads(db: Database): RunReads {
  const byId = db.prepare<[string], SyncRow>(`SELECT ${COLUMNS} FROM sync_runs WHERE id = ?`);
  // Every launch asks for the newest run. The sum keeps SQLite from compiling the statement anew for each limit it is given.
  const newest = db
    .prepare<[string, number], Row>(
      `SELECT ${COLUMNS} FROM sync_runs WHERE channel_id = ? ORDER BY queued_at DESC, id DESC LIMIT ? + 0`,
    )
    .raw();
  const last = db.prepare<[string, string], SyncRow>(
    `SELECT ${COLUMNS} FROM sync_runs WHERE channel_id = ? AND state IN (SELECT value FROM json_each(?))
     ORDER BY queued_at DESC, id DESC LIMIT 1`,
  );
  const held = db.prepare<[string], SyncRow>(
    `SELECT ${COLUMNS} FROM sync_runs WHERE channel_id = ? AND state = 'held' ORDER BY queued_at DESC LIMIT 1`,
  );
  type Unfinished = { platformId: string | null; dueAt: number | null; limit: number };
  const unfinished = db.prepare<[Unfinished], SyncRow>(
    `SELECT ${COLUMNS} FROM sync_runs WHERE ${UNFINISHED}
     ORDER BY (trigger = 'schedule'), queued_at, id LIMIT @limit`,
  );
  const unfinishedOf = db.prepare<[Unfinished], SyncRow>(
    `SELECT ${COLUMNS} FROM sync_runs INDEXED BY sync_runs_waiting WHERE ${UNFINISHED} AND platform_id = @platformId
     ORDER BY (trigger = 'schedule'), queued_at, id LIMIT @limit`,
  );
  const platforms = db
    .prepare<[{ dueAt: number }], PlatformId>(
      `SELECT DISTINCT platform_id FROM sync_runs INDEXED BY sync_runs_waiting WHERE ${UNFINISHED}`,
    )
    .pluck();
  const due = db
    .prepare<{ launchedSince: number; askedBefore: number; limit: number }, ChannelId>(
      `SELECT DISTINCT contexts.channel_id FROM contexts JOIN channels ON channels.id = contexts.channel_id
         JOIN platforms ON platforms.id = contexts.platform_id AND platforms.status = 'active'
       WHERE contexts.roster_url IS NOT NULL AND contexts.last_launch_at >= @launchedSince
         AND channels.deleted_at IS NULL AND channels.auto_sync = 1 AND NOT EXISTS (
           SELECT 1 FROM sync_runs
           WHERE sync_runs.channel_id = contexts.channel_id
             AND (sync_runs.queued_at >= @askedBefore OR sync_runs.state IN ('queued', 'running')))
       LIMIT @limit`,
    )
    .pluck();
  return {
    channelsDueForSync: async (query) => due.all(query),
    findSync: async (id) => read(byId.get(id)),
    listSyncs: async (channelId, limit) => newest.all(channelId, limit).map(fromValues),
    lastSync: async (channelId, states) =>
      read(states.join() === 'held' ? held.get(channelId) : last.get(channelId, toJson(states))),
    async unfinishedSyncs({ platformId = null, dueAt = null, limit }) {
      return (platformId === null ? unfinished : unfinishedOf).all({ platformId, dueAt, limit }).map(fromRow);
    },
    platformsWithSyncs: async (dueAt) => platforms.all({ dueAt }),
  };
}

function runWrites(db: Database): Pick<SyncStore, 'requestSync' | 'hurrySync' | 'saveSync' | 'decideHeldSync'> {
  const active = db.prepare<[string], SyncRow>(
    `SELECT ${COLUMNS} FROM sync_runs WHERE channel_id = ? AND state IN ('queued', 'running')`,
  );
  const insert = db.prepare<[SyncRow]>(
    `INSERT INTO sync_runs (id, channel_id, platform_id, state, phase, trigger, requested_by, pages, members, counts,
       total_changes, applied_changes, reason, restarts, decided_by, queued_at, started_at, finished_at, tries,
       not_before)
     VALUES (@id, @channelId, @platformId, @state, @phase, @trigger, @requestedBy, @pages, @members, @counts,
       @totalChanges, @appliedChanges, @reason, @restarts, @decidedBy, @queuedAt, @startedAt, @finishedAt, @tries,
       @notBefore)`,
  );
  const update = db.prepare<[SyncRow]>(
    `UPDATE sync_runs SET state = @state, phase = @phase, pages = @pages, members = @members, counts = @counts,
       total_changes = @totalChanges, applied_changes = @appliedChanges, reason = @reason, restarts = @restarts,
       decided_by = @decidedBy, started_at = @startedAt, finished_at = @finishedAt, tries = @tries,
       not_before = @notBefore
     WHERE id = @id AND state IN ('queued', 'running') AND restarts <= @restarts`,
  );
  // A held run waits with its diff complete, so one that goes on goes on in `applying`, after a crash too.
  const decide = db.prepare<{ id: string; state: string; reason: string | null; by: string; at: number }, SyncRow>(
    `UPDATE sync_runs SET state = @state, phase = iif(@state = 'running', 'applying', NULL), reason = @reason,
       decided_by = @by, finished_at = iif(@state = 'running', NULL, @at)
     WHERE id = @id AND state = 'held' AND (@state <> 'running' OR NOT EXISTS (
       SELECT 1 FROM sync_runs AS other
       WHERE other.channel_id = sync_runs.channel_id AND other.state IN ('queued', 'running')))
     RETURNING ${COLUMNS}`,
  );

  const hurry = db.prepare<[{ id: string } & Pick<SyncRun, 'trigger' | 'requestedBy'>], SyncRow>(
    `UPDATE sync_runs SET not_before = NULL, trigger = @trigger, requested_by = @requestedBy
     WHERE id = @id AND state = 'queued' AND reason IS NOT 'throttled' RETURNING ${COLUMNS}`,
  );
  const request = atomic(db, (run: SyncRun) => {
    const known = read(active.get(run.channelId));
    if (known) return { run: known, created: false };
    insert.run(toRow(run));
    return { run, created: true };
  });

  return {
    requestSync: async (run) => request(run),
    hurrySync: async (id, { trigger, requestedBy }) => read(hurry.get({ id, trigger, requestedBy })),
    saveSync: async (run) => update.run(toRow(run)).changes === 1,
    decideHeldSync: async (id, decision) => read(decide.get({ id, ...decision })),
  };
}

function toRow(run: SyncRun): SyncRow {
  return { ...run, counts: toJson(run.counts) };
}

function fromRow(row: SyncRow): SyncRun {
  return { ...row, counts: fromJson(row.counts) };
}

function read(row: SyncRow | undefined): SyncRun | null {
  return row ? fromRow(row) : null;
}

/** Reads a row of `COLUMNS`. */
function fromValues(row: Row): SyncRun {
  return {
    id: row[0] as SyncRun['id'],
    channelId: row[1] as ChannelId,
    platformId: row[2] as SyncRun['platformId'],
    state: row[3] as SyncRun['state'],
    phase: row[4] as SyncRun['phase'],
    trigger: row[5] as SyncRun['trigger'],
    requestedBy: row[6] as SyncRun['requestedBy'],
    pages: row[7] as number,
    members: row[8] as number,
    counts: fromJson(row[9] as string),
    totalChanges: row[10] as number,
    appliedChanges: row[11] as number,
    reason: row[12] as SyncRun['reason'],
    restarts: row[13] as number,
    decidedBy: row[14] as SyncRun['decidedBy'],
    queuedAt: row[15] as number,
    startedAt: row[16] as number | null,
    finishedAt: row[17] as number | null,
    tries: row[18] as number,
    notBefore: row[19] as number | null,
  };
}
