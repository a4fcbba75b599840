import { APP_SCOPES, type AppScope } from '../scopes.ts';
import type { ZoomAppRegistration } from '../state.ts';

/** What an app asks of a person, once it is known to be ours. */
export type AuthorizationRequest = {
  redirectUri: string;
  state: string | null;
  challenge: { value: string; method: string } | null;
  required: AppScope[];
  optional: AppScope[];
  /** What the person granted before stays granted. */
  includeGranted: boolean;
};

/** `number` as Zoom prints it; with any of these it shows a page and leads nowhere. */
export type RequestRefusal = { number: string; says: string };

/** Reads the query of the authorize page. */
export function readAuthorization(
  params: URLSearchParams,
  app: ZoomAppRegistration,
): { ok: true; request: AuthorizationRequest } | { ok: false; refusal: RequestRefusal } {
  const refuse = (number: string, says: string) => ({ ok: false as const, refusal: { number, says } });
  const redirectUri = params.get('redirect_uri') ?? '';
  if (params.get('client_id') !== app.clientId) return refuse('4,702', 'Invalid client_id.');
  if (redirectUri !== app.redirectUri) return refuse('4,700', `Invalid redirect: ${redirectUri}`);
  if (params.get('response_type') !== 'code') return refuse('4,705', 'Unsupported response type.');
  const scopes = readScopes(params);
  if (!scopes) return refuse('4,711', 'The scopes of the request are not those of the app.');
  const challenge = params.get('code_challenge');
  const method = params.get('code_challenge_method') ?? 'plain';
  if (challenge !== null && !['S256', 'plain'].includes(method))
    return refuse('4,700', 'Invalid code_challenge_method.');
  return {
    ok: true,
    request: {
      ...{ redirectUri, ...scopes, state: params.get('state') },
      challenge: challenge === null ? null : { value: challenge, method },
      includeGranted: params.get('include_granted_scopes') === 'true',
    },
  };
}

/** Null when one is none of the app's. Without any of the three parameters, what the app was set up with. */
function readScopes(params: URLSearchParams): Pick<AuthorizationRequest, 'required' | 'optional'> | null {
  const names = (key: string) => (params.get(key) ?? '').split(' ').filter(Boolean);
  if (!['scope', 'optional_scope', 'include_granted_scopes'].some((key) => params.has(key))) {
    return { required: APP_SCOPES.filter((one) => one.required), optional: APP_SCOPES.filter((one) => !one.required) };
  }
  const required = names('scope');
  const optional = names('optional_scope').filter((name) => !required.includes(name));
  const known = (name: string) => APP_SCOPES.some(({ scope }) => scope === name);
  if (![...required, ...optional].every(known)) return null;
  const pick = (wanted: string[]) => APP_SCOPES.filter(({ scope }) => wanted.includes(scope));
  return { required: pick(required), optional: pick(optional) };
}
