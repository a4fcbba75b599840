import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone } from '../../src/lib/time-zone.ts';
import { type LaunchClaims, parseClaims } from '../../src/lti/claims.ts';
import { toLocale } from '../../src/lti/locale.ts';

const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';
const ROSTER = 'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice';
const LEAST = { iss: 'https://lms.example', aud: 'client', exp: 2, iat: 1 };

function read(claims: Record<string, unknown>): LaunchClaims {
  const parsed = parseClaims({ ...LEAST, ...claims });
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
}

describe('claims', () => {
  it('tell the school of a platform that serves many', () => {
    const platform = 'https://purl.imsglobal.org/spec/lti/claim/tool_platform';
    for (const [said, tenant] of [
      [{ guid: 'a-root-account.canvas-lms', name: 'A school' }, 'a-root-account.canvas-lms'],
      [{ guid: 12 }, '12'],
      [{ name: 'without' }, null],
      ['text', null],
    ] as const) {
      expect(read({ [platform]: said })).toMatchObject({ tenant });
    }
  });

  it('are null or empty where the token says nothing', () => {
    expect(read({})).toEqual({
      issuer: 'https://lms.example',
      audiences: ['client'],
      authorizedParty: null,
      nonce: null,
      expiresAt: 2,
      issuedAt: 1,
      notBefore: null,
      version: null,
      messageType: null,
      deploymentId: null,
      resourceLinkId: null,
      roles: null,
      targetLinkUri: null,
      subject: null,
      tenant: null,
      person: { name: null, email: null },
      context: null,
      rosterUrl: null,
      locale: null,
      timeZone: null,
      returnUrl: null,
      custom: {},
    });
  });

  it('take an empty string for nothing', () => {
    const claims = read({ sub: '', name: ' ', email: '', [`${LTI}context`]: { id: '' }, [`${LTI}deployment_id`]: '' });
    expect(claims).toMatchObject({ subject: null, person: { name: null, email: null }, context: null });
    expect(claims.deploymentId).toBeNull();
  });

  it('may have numbers for IDs', () => {
    const claims = read({ sub: 7, [`${LTI}context`]: { id: 12 }, [`${LTI}resource_link`]: { id: 0 } });
    expect(claims).toMatchObject({ subject: '7', context: { id: '12', title: '12' }, resourceLinkId: '0' });
  });

  it('give the name as it stands, or from its parts', () => {
    expect(read({ name: 'Lovelace, Ada', given_name: 'Ada' }).person.name).toBe('Lovelace, Ada');
    expect(read({ given_name: 'Ada', family_name: 'Lovelace' }).person.name).toBe('Ada Lovelace');
    expect(read({ family_name: '李' }).person.name).toBe('李');
    expect(read({ name: 7, given_name: ['x'] }).person.name).toBeNull();
  });

  it('keep the roles that are strings', () => {
    expect(read({ [`${LTI}roles`]: ['Learner', 7, null, '', { a: 1 }] }).roles).toEqual(['Learner']);
    expect(read({ [`${LTI}roles`]: [] }).roles).toEqual([]);
    expect(read({ [`${LTI}roles`]: 'Learner' }).roles).toBeNull();
  });

  it('take a roster and a return URL only if they are of the web', () => {
    const roster = (url: unknown) => read({ [ROSTER]: { context_memberships_url: url } }).rosterUrl;
    expect(roster('https://lms.example/r?x=1')).toBe('https://lms.example/r?x=1');
    for (const url of ['javascript:alert(1)', 'ftp://x/', '/r', '', 7, null, 'https://u:p@lms.example/']) {
      expect(roster(url)).toBeNull();
    }
    const presentation = { return_url: 'javascript:alert(1)' };
    expect(read({ [`${LTI}launch_presentation`]: presentation }).returnUrl).toBeNull();
  });

  it('drop custom values that the LMS could not fill in, and write the others as text', () => {
    const custom = {
      a: '$Canvas.course.id',
      b: 'x',
      c: 7,
      d: true,
      e: '',
      f: null,
      g: ['x'],
      time_zone: 'Europe/Oslo',
    };
    const claims = read({ [`${LTI}custom`]: custom });
    expect(claims.custom).toEqual({ b: 'x', c: '7', d: 'true', time_zone: 'Europe/Oslo' });
    expect(claims.timeZone).toBe('Europe/Oslo');
    expect(read({ [`${LTI}custom`]: { time_zone: '99' } }).timeZone).toBeNull();
    expect(read({ [`${LTI}custom`]: 'text' }).custom).toEqual({});
  });

  it('prefer the locale of the launch to that of the person', () => {
    expect(read({ locale: 'de', [`${LTI}launch_presentation`]: { locale: 'pt_br' } }).locale).toBe('pt-BR');
    expect(read({ locale: 'de', [`${LTI}launch_presentation`]: { locale: '!' } }).locale).toBe('de');
  });

  it.each([
    [{ iss: 7 }],
    [{ aud: [] }],
    [{ aud: ['client', 7] }],
    [{ azp: ['client'] }],
    [{ exp: '2' }],
    [{ iat: null }],
    [{ nbf: 'x' }],
    [{ nonce: 7 }],
    [{ sub: 'x'.repeat(256) }],
    [{ sub: ['x'] }],
  ])('spoil the token with %j', (claims) => {
    expect(parseClaims({ ...LEAST, ...claims })).toMatchObject({ ok: false, reason: 'bad-token' });
  });

  it('never throw, whatever JSON they are', () => {
    const names = ['sub', 'name', 'locale', ROSTER].concat(
      ['version', 'roles', 'context', 'custom', 'resource_link', 'launch_presentation', 'deployment_id'].map(
        (name) => LTI + name,
      ),
    );
    const some = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), some), (claims) => {
        parseClaims(claims);
        const whole = parseClaims({ ...LEAST, ...(claims as object) });
        expect(typeof whole.ok).toBe('boolean');
      }),
    );
  });
});

describe('locales', () => {
  it.each([
    ['en', 'en'],
    ['pt_br', 'pt-BR'],
    ['zh_tw', 'zh-TW'],
    ['en-GB', 'en-GB'],
    ['zh-Hans', 'zh-Hans'],
    ['de_du', 'de'],
    ['de_kids', 'de'],
    ['de_comm', 'de'],
    ['en_us_k12', 'en-US'],
    ['es_mx_kids', 'es-MX'],
    ['ca_valencia', 'ca-valencia'],
    ['sr_lt', 'sr-Latn'],
    ['da-x-k12', 'da'],
    ['en-AU-x-unimelb', 'en-AU'],
    ['en_US.UTF-8', 'en-US'],
  ])('%s is %s', (written, tag) => {
    expect(toLocale(written)).toBe(tag);
  });

  it.each([[''], ['!'], ['x'], ['_'], ['english language'], ['$Message.locale'], ['a'.repeat(1000)]])(
    '%j is none',
    (written) => {
      expect(toLocale(written)).toBeNull();
    },
  );

  it('and time zones are none of the odd kinds that LMSs send', () => {
    expect(['Europe/Berlin', 'UTC', 'America/Argentina/Ushuaia'].every(isTimeZone)).toBe(true);
    expect(['99', '', 'Mars/Base', '+02:00', '../etc', '$Person.address.timezone'].some(isTimeZone)).toBe(false);
  });
});
