import { activityOperations } from './activity-operations.ts';
import { channelOperations } from './channel-operations.ts';
import { memberOperations } from './member-operations.ts';
import type { OperationDeps, Operations } from './operation.ts';
import { syncOperations } from './sync-operations.ts';

/** What each operation of the table does. */
export function createOperations(deps: OperationDeps): Operations {
  return {
    ...channelOperations(deps),
    ...activityOperations(deps),
    ...memberOperations(deps),
    ...syncOperations(deps),
  };
}
