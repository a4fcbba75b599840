import { describe, expect, it } from 'vitest';
import { createFrameAncestors, frameAncestorsOf, frameOriginOf } from '../../src/lti/frame-ancestors.ts';
import type { Platform } from '../../src/lti/platform.ts';
import { makePlatform } from '../storage/support/builders.ts';

const HOSTED = {
  family: 'canvas',
  issuer: 'https://canvas.instructure.com',
  authUrl: 'https://sso.canvaslms.com/api/lti/authorize_redirect',
  tokenUrl: 'https://sso.canvaslms.com/login/oauth2/token',
  jwksUrl: 'https://sso.canvaslms.com/api/lti/security/jwks',
} as const satisfies Partial<Platform>;

describe('frames of pages without a viewer', () => {
  async function current(platforms: Platform[]) {
    const ancestors = createFrameAncestors({ listPlatforms: async () => platforms });
    await ancestors.refresh();
    return ancestors.current();
  }

  it('are those of active platforms, each origin once', async () => {
    const pending = { issuer: 'https://pending.test', status: 'pending' } as const;
    const disabled = { issuer: 'https://disabled.test', status: 'disabled' } as const;
    const platforms = [makePlatform('a'), makePlatform('b'), makePlatform('c', pending), makePlatform('d', disabled)];
    expect(await current(platforms)).toEqual(['https://lms.example']);
  });

  it('are none when there are so many that the list would tell who uses the tool', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => makePlatform(`p${i}`, { issuer: `https://school-${i}.test` }));
    expect(await current(many(39))).toHaveLength(40);
    expect(await current(many(40))).toEqual([]);
  });
});

describe('frames of the people of a platform', () => {
  it('are its own origins, and where the launch came from', () => {
    const platform = makePlatform('p', { serviceOrigins: ['https://rosters.test'] });
    expect(frameAncestorsOf(platform, null)).toEqual(['https://lms.example', 'https://rosters.test']);
    expect(frameAncestorsOf(platform, 'https://lms.example')).toHaveLength(2);
    expect(frameAncestorsOf(platform, 'https://learn.test')).toContain('https://learn.test');
  });

  it('are all schools of hosted Canvas, which share one registration', () => {
    expect(frameAncestorsOf(makePlatform('p', HOSTED), null)).toContain('https://*.instructure.com');
  });

  it('hold nothing that would say something else in the header', () => {
    const platform = makePlatform('p', { issuer: 'https://a;sandbox', serviceOrigins: ['https://*', 'null'] });
    expect(frameAncestorsOf(platform, null)).toEqual(['https://lms.example']);
  });
});

describe('the page a launch came from', () => {
  const from = (returnUrl: string | null, change: Partial<Platform> = {}) =>
    frameOriginOf({ platform: makePlatform('p', { ...HOSTED, ...change }), returnUrl });

  it('is told by its return URL, of which nothing but the origin is kept', () => {
    expect(from('https://learn.school.edu/courses/1/return?session=secret')).toBe('https://learn.school.edu');
    expect(from('https://learn.school.edu:8443/x')).toBe('https://learn.school.edu:8443');
  });

  it.each([null, 'http://learn.school.edu/x', 'about:blank', 'https://a;sandbox/', 'https://*/', 'https://a,b/', 'x'])(
    'is not known by %s',
    (url) => {
      expect(from(url)).toBeNull();
    },
  );

  it('may be without TLS where the LMS itself is', () => {
    const authUrl = 'http://localhost:3001/auth';
    expect(from('http://localhost:3001/courses/1', { authUrl })).toBe('http://localhost:3001');
  });
});
