import { z } from 'zod';
import { isLoopback, serviceUrl } from '../config/values.ts';
import type { Platform } from '../lti/platform.ts';
import type { CliContext } from './context.ts';
import { failed, misused } from './outcome.ts';

export const text = z.string().trim().min(1, 'is empty').max(1000);

// Kept as typed: an issuer with a slash at its end is another issuer.
export const url = text.refine((value) => serviceUrl(true)(value).ok, 'is not an https:// URL');

export const origin = url.transform((value) => new URL(value).origin);

export const family = z.enum(['canvas', 'moodle', 'other'], 'is none of canvas, moodle, other');

/** What is wrong with the options, each on a line of its own. */
export function misusedOptions(error: z.ZodError) {
  return misused(error.issues.map(({ path, message }) => `--${String(path[0])} ${message}.`).join('\n'));
}

/** In production a platform on this very machine would let anybody with an account here speak as an LMS. */
export function refuseThisMachine({ config }: CliContext, urls: readonly (string | undefined)[]) {
  const here = urls.some((value) => value !== undefined && isLoopback(new URL(value).hostname));
  if (!config.production || !here) return null;
  return misused('In production an LMS cannot be on this very machine (localhost); give its real addresses.');
}

export function noSuchPlatform() {
  return failed('no-such-platform', 'No platform has this ID; "rostrum platform list" shows them.');
}

/** A platform as `--json` shows it in lists. */
export function presentPlatform({ keyId: _keyId, roleLevels: _roleLevels, ...platform }: Platform) {
  const { createdAt, updatedAt, ...rest } = platform;
  return { ...rest, createdAt: new Date(createdAt).toISOString(), updatedAt: new Date(updatedAt).toISOString() };
}

/** A platform as `--json` shows it alone: with its own levels for roles. */
export function presentWhole(platform: Platform) {
  return { ...presentPlatform(platform), roleLevels: platform.roleLevels };
}

/** A platform for people, a line for each of its values. */
export function describePlatform(platform: Platform): [string, string][] {
  const { deployments, deploymentIds, serviceOrigins, roleLevels } = platform;
  return [
    ['ID', platform.id],
    ['name', platform.name],
    ['status', platform.status],
    ['family', platform.family],
    ['issuer', platform.issuer],
    ['client ID', platform.clientId],
    ['authentication URL', platform.authUrl],
    ['token URL', platform.tokenUrl],
    ['token audience', platform.tokenAudience ?? 'the token URL'],
    ['key set', platform.jwksUrl],
    ['deployments', deployments === 'listed' ? 'these alone' : 'recorded as they come'],
    ...deploymentIds.map((id): [string, string] => ['', id]),
    ['service origins', serviceOrigins.length > 0 ? '' : 'none besides its own'],
    ...serviceOrigins.map((value): [string, string] => ['', value]),
    ['role levels', Object.keys(roleLevels).length > 0 ? 'over the default table:' : 'the default table'],
    ...Object.entries(roleLevels).map(([role, level]): [string, string] => ['', `${role} = ${level}`]),
  ];
}
