import type { LoginOptions, SandboxLms } from '../../src/sandbox/sandbox.ts';
import type { Tool } from './tool.ts';
import type { Visitor } from './visitor.ts';

/** A login that waits at the LMS: what its form would post to the tool, and what the tool's login is made of. */
export type WaitingLogin = {
  visitor: Visitor;
  state: string;
  nonce: string;
  idToken: string;
};

/** Logs in as a person and stops before the form of the LMS is posted. */
export async function beginLogin(
  tool: Tool,
  lms: SandboxLms,
  who: LoginOptions & { visitor?: Visitor },
): Promise<WaitingLogin> {
  const { visitor = tool.visitor(), ...options } = who;
  await visitor.post(`${tool.url}/lti/login`, lms.loginForm(options));
  const { searchParams } = new URL(visitor.trail.at(-1) ?? '');
  const fields = visitor.forms()[0]?.fields ?? {};
  return {
    visitor,
    state: searchParams.get('state') ?? '',
    nonce: searchParams.get('nonce') ?? '',
    idToken: fields.id_token ?? '',
  };
}

export type RawAnswer = { status: number; location: string | null; headers: Headers; cookies: string[]; text: string };

/** One request as it is, with the cookies that a browser has for the tool; no redirect is followed. */
export async function sendRaw(
  tool: Tool,
  path: string,
  request: {
    method?: string;
    as?: Visitor | null;
    headers?: Record<string, string>;
    fields?: Record<string, string>;
    json?: unknown;
  } = {},
): Promise<RawAnswer> {
  const { method = 'GET', as, headers = {}, fields, json } = request;
  const cookie = cookieHeader(as ?? null);
  const body = fields ? new URLSearchParams(fields).toString() : json === undefined ? null : JSON.stringify(json);
  const type = fields ? 'application/x-www-form-urlencoded' : 'application/json';
  const response = await fetch(`${tool.url}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...(cookie ? { cookie } : {}), ...(body === null ? {} : { 'content-type': type }), ...headers },
    ...(body === null ? {} : { body }),
  });
  return {
    status: response.status,
    location: response.headers.get('location'),
    headers: response.headers,
    cookies: response.headers.getSetCookie(),
    text: await response.text(),
  };
}

export function postLaunch(tool: Tool, as: Visitor | null, fields: Record<string, string>): Promise<RawAnswer> {
  return sendRaw(tool, '/lti/launch', { method: 'POST', as, fields });
}

/** True when an answer opened a channel: a redirect to one, with a session. */
export function opensChannel(answer: RawAnswer): boolean {
  return /^\/channels\//.test(answer.location ?? '') && answer.cookies.some((line) => line.startsWith(SESSION));
}

export const SESSION = '__Host-rostrum-session';

export function cookieHeader(visitor: Visitor | null): string {
  return visitor ? [...visitor.cookies()].map(([name, value]) => `${name}=${value}`).join('; ') : '';
}
