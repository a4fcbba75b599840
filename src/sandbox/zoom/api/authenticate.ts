import type { Request, Response } from 'express';
import { bearer } from '../../access-tokens.ts';
import type { ZoomCaller, ZoomCore } from '../state.ts';
import { refuse } from './answers.ts';

/** Tells who calls the API. A token in the address is not taken. */
export function createAuthenticate({ grants, faults }: Pick<ZoomCore, 'grants' | 'faults'>) {
  return (req: Request, res: Response, scopes: string[]): ZoomCaller | null => {
    const read = grants.readAccess(bearer(req.headers.authorization));
    if (!read.ok) {
      refuse(res, 401, 124, read.reason === 'expired' ? 'Access token is expired.' : 'Invalid access token.');
      return null;
    }
    const { grant, user } = read.value;
    if (user.status === 'inactive') {
      refuse(res, 404, 1120, `User is not active: ${user.id}.`);
      return null;
    }
    const missing = scopes.filter((scope) => !grant.scopes.includes(scope) || faults.missingScopes.includes(scope));
    if (missing.length > 0) {
      refuse(res, 400, 4711, `Invalid access token, does not contain scopes:[${missing.join(', ')}].`);
      return null;
    }
    return { user, scopes: grant.scopes, shared: grant.shared };
  };
}
