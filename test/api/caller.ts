import request, { type Test } from 'supertest';
import type { ApiFixture } from './support.ts';

export type Caller = Record<'get' | 'post' | 'delete', (path: string) => Test> &
  Record<'put' | 'patch', (path: string, body: unknown) => Test>;

/** Calls below `/api/v1` with one key. */
export function caller(api: ApiFixture, key: string): Caller {
  const begin = (method: 'get' | 'post' | 'delete' | 'put' | 'patch', path: string) =>
    request(api.app)[method](`/api/v1${path}`).auth(key, { type: 'bearer' });
  return {
    get: (path) => begin('get', path),
    post: (path) => begin('post', path),
    delete: (path) => begin('delete', path),
    put: (path, body) => begin('put', path).send(body as object),
    patch: (path, body) => begin('patch', path).send(body as object),
  };
}

/** The reason of a problem document. */
export function reasonOf(answer: { body: { type?: string } }): string | undefined {
  return answer.body.type?.replace('urn:rostrum:problem:', '');
}
