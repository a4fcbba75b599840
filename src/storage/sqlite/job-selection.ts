import type { JobsQueryOptions, JobsSort, RemoveJobsOptions } from 'agenda';
import { toFlag, toJson } from './columns.ts';
import type { Database } from './database.ts';
import { COMPUTED_STATE } from './job-rows.ts';

/** Which jobs are meant; a parameter that is null asks for nothing. */
export const SELECTED = `(@ids IS NULL OR id IN (SELECT value FROM json_each(@ids)))
  AND (@names IS NULL OR name IN (SELECT value FROM json_each(@names)))
  AND (@notNames IS NULL OR name NOT IN (SELECT value FROM json_each(@notNames)))
  AND (@data IS NULL OR job_data_has(data, @data))`;

export const QUERIED = `${SELECTED}
  AND (@search IS NULL OR instr(lower(name), lower(@search)) > 0)
  AND (@enabledOnly = 0 OR disabled = 0)
  AND (@state IS NULL OR CASE @state WHEN 'paused' THEN disabled = 1 ELSE ${COMPUTED_STATE} = @state END)`;

type Selection = { ids: string | null; names: string | null; notNames: string | null; data: string | null };
type Query = Selection & { search: string | null; enabledOnly: 0 | 1; state: string | null; now: number };

/** Makes the SQL function that `SELECTED` calls known to this connection. */
export function defineDataFilter(db: Database): void {
  db.function('job_data_has', { deterministic: true }, (data: unknown, filter: unknown) =>
    toFlag(typeof data === 'string' && has(JSON.parse(data), JSON.parse(String(filter)))),
  );
}

/** Null when nothing is asked for, which for whoever removes means no job, not every job. */
export function selectionOf(options: RemoveJobsOptions): Selection | null {
  const { id, ids, name, names, notNames, data } = options;
  const byName = name ? [name] : nonEmpty(names);
  const selection = {
    ids: listed(id ? [id] : nonEmpty(ids)),
    names: listed(byName),
    notNames: byName ? null : listed(nonEmpty(notNames)),
    data: data === undefined ? null : toJson(data),
  };
  return Object.values(selection).every((part) => part === null) ? null : selection;
}

export function queryOf(options: JobsQueryOptions, now: number): Query {
  const { search, includeDisabled = true, state } = options;
  return {
    ...(selectionOf(options) ?? { ids: null, names: null, notNames: null, data: null }),
    search: search || null,
    enabledOnly: toFlag(!includeDisabled),
    state: state ?? null,
    now,
  };
}

const SORTABLE: Record<keyof JobsSort, string> = {
  nextRunAt: 'next_run_at',
  lastRunAt: 'last_run_at',
  lastFinishedAt: 'last_finished_at',
  priority: 'priority',
  name: 'name',
  data: 'data',
};

export function orderOf(sort: JobsSort | undefined): string {
  const columns = Object.entries(SORTABLE).flatMap(([key, column]) => {
    const direction = sort?.[key as keyof JobsSort];
    return direction ? [`${column} ${direction === 'asc' ? 'ASC' : 'DESC'}`] : [];
  });
  return columns.length > 0 ? columns.join(', ') : 'next_run_at DESC, last_run_at DESC';
}

/** True when `data` is the filter, or has every field of it. */
function has(data: unknown, filter: unknown): boolean {
  if (!isObject(filter)) return toJson(data) === toJson(filter);
  if (!isObject(data)) return false;
  return Object.entries(filter).every(([key, value]) => Object.hasOwn(data, key) && has(data[key], value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nonEmpty<Item>(items: Item[] | undefined): Item[] | null {
  return items && items.length > 0 ? items : null;
}

function listed(items: readonly string[] | null): string | null {
  return items === null ? null : toJson(items);
}
