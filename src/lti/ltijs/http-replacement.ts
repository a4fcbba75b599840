import type { HttpRequest } from '../../lib/http-client.ts';
import type { CallStorage } from './call-storage.ts';
import type { LtijsAnswer } from './calls.ts';

/** The part of got that ltijs uses, over whatever the running call answers with. */
export type HttpReplacement = {
  get(url: string, options?: GotOptions): GotAnswer;
  post(url: string, options?: GotOptions): GotAnswer;
  calls: CallStorage;
};

type GotOptions = {
  headers?: Record<string, string | undefined>;
  searchParams?: URLSearchParams;
  form?: Record<string, string>;
  json?: unknown;
};

type GotAnswer = Promise<LtijsAnswer> & { json(): Promise<unknown> };

export function createHttpReplacement(calls: CallStorage): HttpReplacement {
  return {
    get: (url, options = {}) => answerOf(calls, { method: 'GET', ...target(url, options) }),
    post: (url, options = {}) => answerOf(calls, { method: 'POST', ...target(url, options), ...content(options) }),
    calls,
  };
}

function answerOf(calls: CallStorage, request: HttpRequest): GotAnswer {
  const call = calls.current();
  const answer = call ? call.send(request) : Promise.reject(new Error('ltijs made a request outside of a call'));
  return Object.assign(answer, { json: async (): Promise<unknown> => JSON.parse((await answer).body) });
}

function target(url: string, options: GotOptions): { url: string; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) if (value !== undefined) headers[name] = value;
  if (!options.searchParams) return { url, headers };
  const full = new URL(url);
  for (const [name, value] of options.searchParams) full.searchParams.set(name, value);
  return { url: full.href, headers };
}

function content(options: GotOptions): Pick<HttpRequest, 'headers' | 'body'> {
  const type = options.form ? 'application/x-www-form-urlencoded' : 'application/json';
  const body = options.form ? new URLSearchParams(options.form).toString() : JSON.stringify(options.json ?? {});
  return { body, headers: { 'content-type': type, accept: 'application/json', ...target('', options).headers } };
}
