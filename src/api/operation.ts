import type { ManageMembers } from '../channels/manage-members.ts';
import type { SyncService } from '../channels/sync-service.ts';
import type { UndoDeps } from '../channels/undo-activity.ts';
import type { PageRequest } from '../lib/page.ts';
import { type Failure, failure, type Success } from '../lib/result.ts';
import type { ApiScope } from './api-key-store.ts';
import type { Precondition } from './preconditions.ts';
import type { PresentDeps } from './present.ts';
import type { ApiProblemReason } from './problems.ts';
import type { InputOf, Operation, OutputOf } from './routes-table.ts';

export type OperationDeps = PresentDeps &
  UndoDeps & {
    syncService: Pick<SyncService, 'request' | 'applyHeld' | 'discardHeld'>;
    manageMembers: ManageMembers;
  };

/** Who calls, and what the call expects to find. */
export type Caller = { actor: string; scopes: readonly ApiScope[]; precondition: Precondition };

/** `status` is the first one of the operation's row if not given. */
export type Answer<Body> = { body: Body; headers?: Record<string, string>; status?: number };

/** A failure, with what its problem document shows besides the text. */
export type Refusal = Failure<ApiProblemReason> & { extra?: Record<string, unknown>; headers?: Record<string, string> };

export type Operations = {
  [Name in Operation]: (input: InputOf<Name>, caller: Caller) => Promise<Success<Answer<OutputOf<Name>>> | Refusal>;
};

/** The refusal that names the scope a key does not have. */
export function scopeMissing(scope: ApiScope): Refusal {
  return { ...failure('scope-missing'), extra: { scope } };
}

export function pageRequest(query: { limit?: number | undefined; cursor?: string | undefined }): PageRequest {
  const { limit = 50, cursor } = query;
  return cursor === undefined ? { limit } : { limit, cursor };
}

export function withoutUndefined<Filter>(filter: { [Key in keyof Filter]?: unknown }): Filter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Filter;
}
