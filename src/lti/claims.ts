import { z } from 'zod';
import type { Person } from '../channels/membership.ts';
import { wellFormed } from '../lib/fold.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import { toLocale } from './locale.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';
const ROSTER = 'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice';

/** What an id_token says, in our words; null where it says nothing. Nothing of it is judged yet. Times in seconds. */
export type LaunchClaims = {
  issuer: string;
  audiences: string[];
  authorizedParty: string | null;
  nonce: string | null;
  expiresAt: number;
  issuedAt: number;
  notBefore: number | null;
  version: string | null;
  messageType: string | null;
  deploymentId: string | null;
  resourceLinkId: string | null;
  /** Null when there is no list of roles; an empty list is one. */
  roles: string[] | null;
  targetLinkUri: string | null;
} & Pick<
  VerifiedLaunch,
  'subject' | 'tenant' | 'person' | 'context' | 'rosterUrl' | 'locale' | 'timeZone' | 'returnUrl' | 'custom'
>;

/**
 * Reads the claims of a token whose signature is good. A security claim of the wrong type spoils the token; any other
 * claim that cannot be read counts as absent, because LMSs extend and bend them (LTI Core 1.3, 5.3 and 5.4).
 */
export function parseClaims(payload: unknown): Result<LaunchClaims, 'bad-token'> {
  const security = securityClaims.safeParse(payload);
  if (!security.success) return failure('bad-token', describe(security.error));
  const other = otherClaims.parse(payload);
  const custom = other[`${LTI}custom`] ?? {};
  const presentation = other[`${LTI}launch_presentation`];
  return success({
    issuer: security.data.iss,
    audiences: [security.data.aud].flat(),
    authorizedParty: security.data.azp ?? null,
    nonce: security.data.nonce ?? null,
    expiresAt: security.data.exp,
    issuedAt: security.data.iat,
    notBefore: security.data.nbf ?? null,
    subject: security.data.sub,
    tenant: other[`${LTI}tool_platform`]?.guid ?? null,
    version: other[`${LTI}version`],
    messageType: other[`${LTI}message_type`],
    deploymentId: other[`${LTI}deployment_id`],
    resourceLinkId: other[`${LTI}resource_link`]?.id ?? null,
    roles: other[`${LTI}roles`],
    targetLinkUri: other[`${LTI}target_link_uri`],
    person: readPerson(other),
    context: readContext(other[`${LTI}context`]),
    rosterUrl: other[ROSTER]?.context_memberships_url ?? null,
    locale: readLocale(presentation?.locale ?? null) ?? readLocale(other.locale),
    timeZone: readTimeZone(custom.time_zone),
    returnUrl: presentation?.return_url ?? null,
    custom,
  });
}

/** An ID as the LMS wrote it. Canvas may write numbers; a present ID that is none must not pass for an absent one. */
const strictId = z.union([z.string().max(255), z.number()]).transform((id) => presentOrNull(wellFormed(String(id))));

const securityClaims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string()).min(1)]),
  azp: z.string().optional(),
  nonce: z.string().optional(),
  exp: z.number(),
  iat: z.number(),
  nbf: z.number().optional(),
  sub: strictId.nullish().transform((sub) => sub ?? null),
});

/** Absent, null and unreadable are the same. Absence is let through first, for `catch` alone would word an error each time. */
function tolerant<Schema extends z.ZodType>(schema: Schema) {
  return schema
    .nullish()
    .transform((value) => value ?? null)
    .catch(null);
}

function tolerantText(max: number) {
  return tolerant(z.string().transform((text) => presentOrNull(text.slice(0, max).trim())));
}

const tolerantId = tolerant(strictId);
const tolerantUrl = tolerant(z.string().max(8192).refine(isWebUrl));
const tolerantStrings = tolerant(z.array(z.unknown()).transform(onlyStrings));
const name = tolerantText(500);

const otherClaims = z.object({
  name,
  given_name: name,
  family_name: name,
  email: tolerantText(320),
  locale: tolerantText(64),
  [`${LTI}version`]: tolerantId,
  [`${LTI}message_type`]: tolerantId,
  [`${LTI}deployment_id`]: tolerantId,
  [`${LTI}target_link_uri`]: tolerant(z.string().transform(presentOrNull)),
  [`${LTI}roles`]: tolerantStrings,
  [`${LTI}tool_platform`]: tolerant(z.object({ guid: tolerantId })),
  [`${LTI}resource_link`]: tolerant(z.object({ id: tolerantId })),
  [`${LTI}context`]: tolerant(z.object({ id: tolerantId, title: name, label: name, type: tolerantStrings })),
  [`${LTI}launch_presentation`]: tolerant(z.object({ locale: tolerantText(64), return_url: tolerantUrl })),
  [`${LTI}custom`]: tolerant(z.record(z.string(), z.unknown()).transform(readCustom)),
  [ROSTER]: tolerant(z.object({ context_memberships_url: tolerantUrl })),
});

function readPerson(claims: {
  name: string | null;
  given_name: string | null;
  family_name: string | null;
  email: string | null;
}): Person {
  const parts = [claims.given_name, claims.family_name].filter((part) => part !== null);
  return { name: claims.name ?? presentOrNull(parts.join(' ')), email: claims.email };
}

function readContext(
  context: { id: string | null; title: string | null; label: string | null; type: string[] | null } | null,
): VerifiedLaunch['context'] {
  if (context?.id == null) return null;
  const title = context.title ?? context.label ?? context.id;
  return { id: context.id, title, label: context.label, types: context.type ?? [] };
}

function readCustom(custom: Record<string, unknown>): Record<string, string> {
  const read: [string, string][] = [];
  for (const [key, value] of Object.entries(custom).slice(0, 200)) {
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    // A variable the LMS cannot expand arrives as it was written: `$Canvas.course.id` on Moodle.
    if (typeof text === 'string' && text !== '' && !text.startsWith('$')) read.push([key, text.slice(0, 4096)]);
  }
  return Object.fromEntries(read);
}

function readLocale(written: string | null): string | null {
  return written === null ? null : toLocale(written);
}

function readTimeZone(written: string | undefined): string | null {
  return written !== undefined && isTimeZone(written) ? written : null;
}

function presentOrNull(text: string): string | null {
  return text === '' ? null : text;
}

function onlyStrings(list: unknown[]): string[] {
  return list
    .filter((item) => typeof item === 'string' && item !== '' && item.length <= 1024)
    .slice(0, 500) as string[];
}

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';
}

function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join(', ');
}
