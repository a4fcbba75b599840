import { createHash, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { beginLogin, opensChannel, postLaunch, type RawAnswer, SESSION, sendRaw } from '../support/attacker.ts';
import { launchAs, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';

let tool: Tool;
let canvas: SandboxLms;
let moodle: SandboxLms;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 40 } });
  ({ canvas, moodle } = tool.sandbox);
});

afterAll(() => tool.close());

function teacherOf(lms: SandboxLms) {
  const { id, cast } = lms.course('small');
  return { courseId: id, personId: cast.instructor };
}

function reasonOf(answer: RawAnswer): string | undefined {
  const line = tool.logged.findLast((one) => 'reason' in one && answer.text.includes(String(one.requestId)));
  return line?.reason as string | undefined;
}

/** Posts a forged token into a login that waits, and says what became of it. */
async function forge(
  lms: SandboxLms,
  make: (nonce: string) => string,
): Promise<{ status: number; reason: string | undefined; opened: boolean; loginLeft: boolean }> {
  const { visitor, state, nonce } = await beginLogin(tool, lms, teacherOf(lms));
  const answer = await postLaunch(tool, visitor, { state, id_token: make(nonce) });
  const again = await postLaunch(tool, visitor, {
    state,
    id_token: lms.signIdToken(lms.buildClaims({ ...teacherOf(lms), nonce })),
  });
  return {
    status: answer.status,
    reason: reasonOf(answer),
    opened: opensChannel(answer),
    loginLeft: opensChannel(again),
  };
}

describe.each(['canvas', 'moodle'] as const)('a token of %s', (family) => {
  const lms = (): SandboxLms => tool.sandbox[family];
  const claims = (nonce: string, over: Record<string, unknown> = {}) => ({
    ...lms().buildClaims({ ...teacherOf(lms()), nonce }),
    ...over,
  });

  it('opens one channel page when it is posted eight times at once, and none ever after', async () => {
    const { visitor, state, idToken } = await beginLogin(tool, lms(), teacherOf(lms()));
    const fields = { state, id_token: idToken };
    const answers = await Promise.all(Array.from({ length: 8 }, () => postLaunch(tool, visitor, fields)));
    expect(answers.filter(opensChannel)).toHaveLength(1);
    const others = answers.filter((answer) => !opensChannel(answer));
    expect(others.map(({ status, cookies }) => [status, cookies])).toEqual(Array(7).fill([400, []]));
    expect((await postLaunch(tool, visitor, fields)).status).toBe(400);
    const next = await beginLogin(tool, lms(), { ...teacherOf(lms()), visitor });
    const replayed = await postLaunch(tool, visitor, { state: next.state, id_token: idToken });
    expect([replayed.status, reasonOf(replayed), replayed.cookies]).toEqual([403, 'nonce-mismatch', []]);
  });

  it.each([
    ['a nonce of another login', 'nonce-mismatch', { nonce: 'n'.repeat(43) }],
    ['no nonce', 'nonce-mismatch', { nonce: undefined }],
    ['a deployment that its login did not name', 'other-deployment', { [`${LTI}deployment_id`]: '999:foreign' }],
    ['a deployment that is an object', 'missing-claim', { [`${LTI}deployment_id`]: { id: '1' } }],
    ['an audience besides us', 'wrong-audience', { aud: ['10000000000042', 'somebody-else'] }],
    ['an authorised party that is not us', 'wrong-audience', { azp: 'somebody-else' }],
    ['an issuer that looks alike', 'wrong-issuer', { iss: 'https://canvas.instructure.com' }],
    ['an expiry long ago', 'token-expired', { iat: 1_000_000, exp: 1_000_060 }],
    ['a date in the future', 'token-from-future', { iat: Date.now() / 1000 + 900, exp: Date.now() / 1000 + 960 }],
    ['a target at another site', 'foreign-target', { [`${LTI}target_link_uri`]: 'https://evil.example/' }],
  ])('with %s opens nothing and spends its login', async (_what, reason, over) => {
    const made = await forge(lms(), (nonce) => lms().signIdToken(claims(nonce, over)));
    expect(made).toMatchObject({ reason, opened: false, loginLeft: false });
    expect(made.status).toBeGreaterThanOrEqual(400);
    expect(made.status).toBeLessThan(500);
  });

  it('with a deployment that nobody listed opens nothing, though its login named it', async () => {
    const foreign = '999:foreign';
    const fields = { lti_deployment_id: foreign, deployment_id: foreign };
    const { visitor, state, nonce } = await beginLogin(tool, lms(), { ...teacherOf(lms()), overrides: { fields } });
    const idToken = lms().signIdToken(claims(nonce, { [`${LTI}deployment_id`]: foreign }));
    const answer = await postLaunch(tool, visitor, { state, id_token: idToken });
    expect([answer.status, reasonOf(answer), answer.cookies]).toEqual([403, 'unknown-deployment', []]);
  });

  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  it.each<[string, string, (nonce: string) => string]>([
    [
      'HS256 with the public key',
      'bad-token',
      (nonce) => lms().signIdToken(claims(nonce), { alg: 'HS256', key: lms().publicKeyPem() }),
    ],
    ['no signature', 'bad-token', (nonce) => lms().signIdToken(claims(nonce), { alg: 'none' })],
    ['"nOnE"', 'bad-token', (nonce) => lms().signIdToken(claims(nonce), { alg: 'nOnE' })],
    ['no key ID', 'bad-token', (nonce) => lms().signIdToken(claims(nonce), { kid: null })],
    [
      'a key ID that is a path',
      'bad-signature',
      (nonce) => lms().signIdToken(claims(nonce), { kid: "../../../../dev/null' OR 1=1 --" }),
    ],
    ['a key of the attacker', 'bad-signature', (nonce) => lms().signIdToken(claims(nonce), { key: own.privateKey })],
    [
      'a key of the attacker in its header',
      'bad-signature',
      (nonce) =>
        lms().signIdToken(claims(nonce), {
          key: own.privateKey,
          header: { jwk: own.publicKey.export({ format: 'jwk' }), jku: 'https://evil.example/jwks' },
        }),
    ],
    ['a changed payload', 'bad-signature', (nonce) => changePayload(lms().signIdToken(claims(nonce)))],
    [
      'another algorithm of the same key',
      'bad-signature',
      (nonce) => lms().signIdToken(claims(nonce), { alg: 'RS512' }),
    ],
    [
      'critical headers that change the payload',
      'bad-token',
      (nonce) => lms().signIdToken(claims(nonce), { header: { crit: ['b64'], b64: false } }),
    ],
    ['nothing that is a token', 'bad-token', () => 'a.b.c'],
  ])('signed by %s opens nothing and spends its login', async (_what, reason, make) => {
    expect(await forge(lms(), make)).toMatchObject({ reason, opened: false, loginLeft: false });
  });
});

function changePayload(token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody-else' })).toString('base64url');
  return [header, changed, signature].join('.');
}

describe('a token of one platform in the login of another', () => {
  it('opens nothing, whatever it says of itself', async () => {
    const pairs = [
      [canvas, moodle],
      [moodle, canvas],
    ] as const;
    for (const [signer, victim] of pairs) {
      const before = (await tool.storage.channels.listChannels({}, { limit: 200 })).items.length;
      const honest = (nonce: string) => signer.buildClaims({ ...teacherOf(signer), nonce });
      const posing = (nonce: string) => victim.buildClaims({ ...teacherOf(victim), nonce });
      const kid = JSON.parse(Buffer.from(victim.signIdToken({}).split('.')[0] ?? '', 'base64url').toString())
        .kid as string;
      for (const make of [
        (nonce: string) => signer.signIdToken(honest(nonce)),
        (nonce: string) => signer.signIdToken(posing(nonce)),
        (nonce: string) => signer.signIdToken(posing(nonce), { kid }),
        (nonce: string) => victim.signIdToken({ ...posing(nonce), iss: signer.registration.issuer }),
        (nonce: string) => victim.signIdToken({ ...posing(nonce), aud: signer.registration.clientId, azp: undefined }),
      ]) {
        const forged = await forge(victim, make);
        expect(forged).toMatchObject({ status: 403, opened: false, loginLeft: false });
      }
      expect((await tool.storage.channels.listChannels({}, { limit: 200 })).items).toHaveLength(before);
    }
  });

  it('keeps courses and people with the same IDs on two platforms apart', async () => {
    const as = { courseId: canvas.course('small').id, personId: canvas.course('small').cast.instructor };
    const moodleCourse = moodle.course('small');
    const claims = { [`${LTI}context`]: { id: moodleCourse.contextId, title: 'Same ID', type: ['CourseSection'] } };
    const here = await launchAs(tool, canvas, {
      ...as,
      overrides: { claims: { ...claims, sub: moodleCourse.cast.instructor } },
    });
    const there = await launchAs(tool, moodle, teacherOf(moodle));
    expect([here.status, there.status]).toEqual([200, 200]);
    expect(new URL(here.url).pathname).not.toBe(new URL(there.url).pathname);
    expect((await here.get(new URL(there.url).pathname)).status).toBe(404);
  });
});

describe('a launch that another browser posts', () => {
  it.each<[string, number, () => Promise<Visitor | null>]>([
    ['no cookie', 400, async () => null],
    ['a login of its own', 403, async () => (await beginLogin(tool, canvas, studentOf(canvas))).visitor],
    ['a session of its own', 403, async () => launchAs(tool, canvas, studentOf(canvas))],
  ])('is refused with %s, leaves that browser as it was, and the login to its owner', async (_what, status, victim) => {
    const attacker = await beginLogin(tool, canvas, teacherOf(canvas));
    const browser = await victim();
    const fields = { state: attacker.state, id_token: attacker.idToken };
    const answer = await postLaunch(tool, browser, fields);
    expect([answer.status, answer.cookies]).toEqual([status, []]);
    expect(opensChannel(await postLaunch(tool, attacker.visitor, fields))).toBe(true);
  });

  it('is refused with a made-up proof from platform storage, too', async () => {
    const attacker = await beginLogin(tool, canvas, teacherOf(canvas));
    const fields = { state: attacker.state, id_token: attacker.idToken, storage_proof: 'x'.repeat(43) };
    for (const headers of [
      { origin: tool.url, 'sec-fetch-site': 'same-origin' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      {},
    ] as Record<string, string>[]) {
      const answer = await sendRaw(tool, '/lti/launch', { method: 'POST', headers, fields });
      expect([answer.status >= 400 && answer.status < 500, answer.cookies]).toEqual([true, []]);
    }
  });

  it('does not become the launch of whoever is sent to the waiting page with its state', async () => {
    const attacker = await beginLogin(tool, canvas, teacherOf(canvas));
    const victim = await beginLogin(tool, canvas, studentOf(canvas));
    const path = `/lti/login/continue?state=${attacker.state}`;
    const sent = await sendRaw(tool, path, { as: victim.visitor });
    expect(new URL(sent.location ?? '').searchParams.get('state')).not.toBe(attacker.state);
    const fields = { state: attacker.state, id_token: attacker.idToken };
    expect(opensChannel(await postLaunch(tool, victim.visitor, fields))).toBe(false);
  });
});

function studentOf(lms: SandboxLms) {
  const { id, cast } = lms.course('small');
  return { courseId: id, personId: cast.student };
}

describe('the way through platform storage and a window of its own', () => {
  /** A browser that keeps no cookie in a frame, up to the code that a window of its own would take. */
  async function handoverCode(): Promise<{ code: string; proof: string; state: string; idToken: string }> {
    const login = canvas.loginForm(teacherOf(canvas));
    const begun = await sendRaw(tool, '/lti/login', {
      method: 'POST',
      fields: { ...login, lti_storage_target: 'post_message_forwarding' },
    });
    const page = await sendRaw(tool, begun.location ?? '');
    const value = attribute(page.text, 'data-value');
    const next = new URL(attribute(page.text, 'data-next'));
    const answer = canvas.answerAuthorization(next);
    if (answer.kind !== 'post') throw new Error(answer.message);
    const { state = '', id_token: idToken = '' } = answer.fields;
    const asked = await sendRaw(tool, '/lti/launch', { method: 'POST', fields: { state, id_token: idToken } });
    expect([asked.status, asked.cookies]).toEqual([200, []]);
    const launched = await sendRaw(tool, '/lti/launch', {
      method: 'POST',
      headers: OWN_PAGE(),
      fields: { state, id_token: idToken, storage_proof: value },
    });
    expect([launched.status, launched.cookies]).toEqual([200, []]);
    return { code: attribute(launched.text, 'name="code" value'), proof: value, state, idToken };
  }

  const OWN_PAGE = () => ({ origin: tool.url, 'sec-fetch-site': 'same-origin' });

  it('opens one session for a code that is posted eight times at once', async () => {
    const { code } = await handoverCode();
    const take = () => sendRaw(tool, '/lti/handover', { method: 'POST', headers: OWN_PAGE(), fields: { code } });
    const answers = await Promise.all(Array.from({ length: 8 }, take));
    expect(answers.filter(opensChannel)).toHaveLength(1);
    expect(opensChannel(await take())).toBe(false);
  });

  it('takes no code from another site, and leaves it to its owner', async () => {
    const { code } = await handoverCode();
    for (const headers of FOREIGN) {
      const answer = await sendRaw(tool, '/lti/handover', { method: 'POST', headers, fields: { code } });
      expect([answer.status, answer.cookies]).toEqual([403, []]);
    }
    const taken = await sendRaw(tool, '/lti/handover', { method: 'POST', headers: OWN_PAGE(), fields: { code } });
    expect(opensChannel(taken)).toBe(true);
  });

  it('opens nothing for the same proof again, for a code as a cookie, or for a cookie as a code', async () => {
    const { code, proof, state, idToken } = await handoverCode();
    const fields = { state, id_token: idToken, storage_proof: proof };
    const again = await sendRaw(tool, '/lti/launch', { method: 'POST', headers: OWN_PAGE(), fields });
    expect(again.text).not.toContain('/lti/handover');
    const teacher = await launchAs(tool, canvas, teacherOf(canvas));
    const path = new URL(teacher.url).pathname;
    expect((await sendRaw(tool, path, { headers: { cookie: `${SESSION}=${code}` } })).status).toBe(401);
    const secret = teacher.cookies().get(SESSION) ?? '';
    const swapped = { method: 'POST', headers: OWN_PAGE(), fields: { code: secret } };
    expect((await sendRaw(tool, '/lti/handover', swapped)).status).toBe(401);
  });
});

const FOREIGN: Record<string, string>[] = [
  {},
  { 'sec-fetch-site': 'same-origin' },
  { origin: 'null' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
];

function attribute(html: string, name: string): string {
  const value = new RegExp(`${name}="([^"]*)"`).exec(html)?.[1];
  if (value === undefined) throw new Error(`the page has no ${name}`);
  return value.replaceAll('&amp;', '&').replaceAll('&#34;', '"');
}

describe('an address of a login', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/',
    'http://localhost:1/lti/launch',
    'http://TOOL@evil.example/',
    'http://user:pass@TOOL/lti/launch',
    'http://TOOL\\@evil.example/',
    'http://TOOL.evil.example/',
    'http://TOOL//evil.example/%2e%2e',
    'http://TOOL/lti/%2e%2e/',
    'javascript:alert(1)//TOOL',
    'http://TOOL/\r\nLocation: https://evil.example/',
    '/lti/launch',
  ])('that names the target %s leads nowhere', async (pattern) => {
    const target = pattern.replace('TOOL', new URL(tool.url).host);
    const fields = { ...canvas.loginForm(teacherOf(canvas)), target_link_uri: target };
    for (const answer of [
      await sendRaw(tool, '/lti/login', { method: 'POST', fields }),
      await sendRaw(tool, `/lti/login?${new URLSearchParams(fields)}`),
    ]) {
      expect([answer.status, answer.location]).toEqual([400, null]);
      expect(answer.text).not.toContain('evil.example');
    }
    const launched = await forge(canvas, (nonce) =>
      canvas.signIdToken({ ...canvas.buildClaims({ ...teacherOf(canvas), nonce }), [`${LTI}target_link_uri`]: target }),
    );
    expect(launched).toMatchObject({ status: 400, reason: 'foreign-target', opened: false });
  });

  it('only ever redirects to the registered authorization URL, whatever the login names', async () => {
    const evil = 'https://evil.example/auth';
    const login = canvas.loginForm(teacherOf(canvas));
    const fields = { ...login, redirect_uri: evil, auth_url: evil, lti_message_hint: evil, lti_storage_target: evil };
    const { visitor } = await beginLogin(tool, canvas, teacherOf(canvas));
    const answer = await sendRaw(tool, '/lti/login', { method: 'POST', as: visitor, fields });
    expect(answer.location?.startsWith(`${canvas.registration.authUrl}?`)).toBe(true);
    expect(new URL(answer.location ?? '').searchParams.get('redirect_uri')).toBe(`${tool.url}/lti/launch`);
  });

  it('opens a channel for a path of ours in the signed target, and still leads to the channel alone', async () => {
    const target = `${tool.url}/channels/somebody-elses?next=https://evil.example/`;
    const { visitor, state, nonce } = await beginLogin(tool, canvas, teacherOf(canvas));
    const claims = { ...canvas.buildClaims({ ...teacherOf(canvas), nonce }), [`${LTI}target_link_uri`]: target };
    const answer = await postLaunch(tool, visitor, { state, id_token: canvas.signIdToken(claims) });
    expect(opensChannel(answer)).toBe(true);
    expect(answer.location).not.toContain('evil.example');
    expect(answer.location).not.toContain('somebody-elses');
  });
});

describe('the log of all this', () => {
  it('holds no token, state, nonce, cookie or hint', async () => {
    const login = await beginLogin(tool, canvas, teacherOf(canvas));
    await postLaunch(tool, null, { state: login.state, id_token: login.idToken });
    await postLaunch(tool, login.visitor, { state: login.state, id_token: login.idToken });
    const log = JSON.stringify(tool.logged);
    const secrets = [login.state, login.nonce, login.idToken, ...login.visitor.cookies().values()];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(log).not.toContain(secret);
      expect(log).not.toContain(createHash('sha256').update(secret).digest('hex'));
    }
    expect(log).not.toMatch(/eyJ[\w-]{20,}/);
    expect(log).not.toContain('evil.example');
  });
});
