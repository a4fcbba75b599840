import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createCsrf } from '../../src/web/csrf.ts';
import { csrfTokenOf } from '../../src/web/csrf-token.ts';
import { PUBLIC_URL, testServer } from './support.ts';

const SECRET = 'a'.repeat(43);
const COOKIE = `__Host-rostrum-session=${SECRET}`;
const SAME = { 'Sec-Fetch-Site': 'same-origin', Origin: PUBLIC_URL };

describe('the guard of changes', () => {
  const { app } = testServer((router) => {
    router.get('/token', (req, res) => void res.json(csrfTokenOf(req)));
    router.post('/change', createCsrf({ publicUrl: PUBLIC_URL }), (_req, res) => void res.send('changed'));
  });

  async function token(cookie = COOKIE): Promise<string> {
    return (await request(app).get('/token').set('Cookie', cookie)).body;
  }

  async function change(headers: Record<string, string>, form: object | null, cookie: string | null = COOKIE) {
    const call = request(app).post('/change').type('form').set(headers);
    if (cookie) call.set('Cookie', cookie);
    return form ? call.send(form) : call;
  }

  it('lets a form of our own page through', async () => {
    const res = await change(SAME, { _csrf: await token() });
    expect(res.text).toBe('changed');
  });

  it('lets browsers without Fetch Metadata through by their Origin', async () => {
    const res = await change({ Origin: PUBLIC_URL }, { _csrf: await token() });
    expect(res.text).toBe('changed');
  });

  it.each([
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' }],
    ['a sibling host', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.rostrum.test' }],
    ['another origin without Fetch Metadata', { Origin: 'https://evil.test' }],
    ['an opaque origin', { Origin: 'null' }],
    ['a frame whose headers disagree', { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://evil.test' }],
    ['the address bar', { 'Sec-Fetch-Site': 'none' }],
    ['a client that tells neither', {}],
  ])('refuses %s, with the right token too', async (_name, headers) => {
    const res = await change(headers as Record<string, string>, { _csrf: await token() });
    expect(res.status).toBe(403);
    expect(res.text).not.toContain('evil.test');
  });

  it('refuses a form without the token, with another session’s, with a list, or without a session', async () => {
    const other = await token(`__Host-rostrum-session=${'b'.repeat(43)}`);
    expect((await change(SAME, {})).status).toBe(403);
    expect((await change(SAME, null)).status).toBe(403);
    expect((await change(SAME, { _csrf: other })).status).toBe(403);
    expect((await change(SAME, { _csrf: [other, await token()] })).status).toBe(403);
    expect((await change(SAME, { _csrf: await token() }, null)).status).toBe(401);
  });

  it('makes tokens from which the cookie cannot be read', async () => {
    expect(await token()).not.toContain(SECRET);
    expect(await token('')).toBeNull();
  });
});
