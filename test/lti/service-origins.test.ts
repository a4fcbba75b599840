import { describe, expect, it } from 'vitest';
import type { Platform } from '../../src/lti/platform.ts';
import { learnServiceOrigin } from '../../src/lti/service-origins.ts';
import { makePlatform } from '../storage/support/builders.ts';

const HOSTED = {
  family: 'canvas',
  issuer: 'https://canvas.instructure.com',
  authUrl: 'https://sso.canvaslms.com/api/lti/authorize_redirect',
  tokenUrl: 'https://sso.canvaslms.com/login/oauth2/token',
  jwksUrl: 'https://sso.canvaslms.com/api/lti/security/jwks',
} as const satisfies Partial<Platform>;
const OWN_HOST = 'https://learn.school.edu/api/lti/courses/1/names_and_roles';

describe('the host that a launch names for rosters', () => {
  it('is learnt where a Canvas school has its own', async () => {
    expect(await learn(OWN_HOST)).toEqual(['https://learn.school.edu']);
  });

  it('is not learnt where tokens may go anyway, so that it does not stand in the way of one that is', async () => {
    expect(await learn('https://school-a.instructure.com/api/lti/courses/1/names_and_roles')).toEqual([]);
    const serviceOrigins = ['https://school-a.instructure.com', 'https://sso.canvaslms.com'];
    expect(await learn(OWN_HOST, { serviceOrigins })).toEqual(['https://learn.school.edu']);
  });

  it('is one: a second takes an operator', async () => {
    expect(await learn(OWN_HOST, { serviceOrigins: ['https://learn.first.edu'] })).toEqual([]);
  });

  it.each<[string, string | null, Partial<Platform>]>([
    ['of another LMS than Canvas', OWN_HOST, { family: 'moodle' }],
    ['without TLS', OWN_HOST.replace('https:', 'http:'), {}],
    ['of a launch without a roster', null, {}],
  ])('is not learnt %s', async (_what, rosterUrl, change) => {
    expect(await learn(rosterUrl, change)).toEqual([]);
  });
});

async function learn(rosterUrl: string | null, change: Partial<Platform> = {}): Promise<string[]> {
  const learnt: string[] = [];
  const platforms = { recordServiceOrigin: async (_id: unknown, origin: string) => void learnt.push(origin) };
  const platform = makePlatform('p', { ...HOSTED, ...change });
  await learnServiceOrigin({ platforms, clock: () => 0 }, { platform, rosterUrl });
  return learnt;
}
