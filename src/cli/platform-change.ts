import { z } from 'zod';
import type { PlatformId } from '../channels/channel.ts';
import type { PlatformChange } from '../lti/lti-store.ts';
import type { Platform } from '../lti/platform.ts';
import { type Command, withContext } from './command.ts';
import type { CliContext } from './context.ts';
import { type CommandOutcome, done, misused } from './outcome.ts';
import {
  describePlatform,
  family,
  misusedOptions,
  noSuchPlatform,
  origin,
  presentWhole,
  refuseThisMachine,
  text,
  url,
} from './platform-values.ts';
import { type RoleLevel, readRoleLevel, withRoleLevels } from './role-levels.ts';
import { textTable } from './text-table.ts';

export const platformChangeCommand: Command = {
  name: 'platform change',
  summary: 'Changes a registered LMS; what is not named stays. Issuer and client ID cannot be changed.',
  positionals: ['ID'],
  options: {
    name: { type: 'string', value: 'NAME', help: 'How the platform is called here.' },
    'auth-url': { type: 'string', value: 'URL', help: 'The authentication request URL.' },
    'token-url': { type: 'string', value: 'URL', help: 'The access token URL.' },
    'jwks-url': { type: 'string', value: 'URL', help: "The LMS's public key set URL." },
    'token-audience': {
      type: 'string',
      value: 'TEXT',
      help: 'The audience of token requests; "default" is the token URL.',
    },
    family: { type: 'string', value: 'canvas|moodle|other', help: 'Which LMS it is.' },
    'deployment-id': { type: 'string', value: 'ID', multiple: true, help: 'Adds a deployment to let in, repeatable.' },
    'any-deployment': { type: 'boolean', help: 'Lets new deployments in and records each at its first launch.' },
    'service-origin': {
      type: 'string',
      value: 'ORIGIN',
      multiple: true,
      help: "Adds an origin that rosters may come from (a Canvas school's own host), repeatable.",
    },
    'role-level': {
      type: 'string',
      value: 'ROLE=LEVEL',
      multiple: true,
      help: 'Gives a role (URI, or bare name of a context role) a level, repeatable: manager, moderator, contributor, member, or "default" for that of the default table.',
    },
  },
  async run({ positionals: [id = ''], values }, tools) {
    if (Object.keys(values).every((name) => name === 'json')) return misused('Name something to change.');
    const parsed = CHANGE_VALUES.safeParse(values);
    if (!parsed.success) return misusedOptions(parsed.error);
    return withContext(tools, (context) => changePlatform(context, id as PlatformId, parsed.data));
  },
};

const roleLevel = z.string().transform((value, context): RoleLevel => {
  const parsed = readRoleLevel(value);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
});

const CHANGE_VALUES = z.object({
  name: text.optional(),
  'auth-url': url.optional(),
  'token-url': url.optional(),
  'jwks-url': url.optional(),
  'token-audience': text.optional(),
  family: family.optional(),
  'deployment-id': z.array(text).default([]),
  'any-deployment': z.boolean().default(false),
  'service-origin': z.array(origin).default([]),
  'role-level': z.array(roleLevel).default([]),
});

type ChangeValues = z.infer<typeof CHANGE_VALUES>;

async function changePlatform(context: CliContext, id: PlatformId, values: ChangeValues): Promise<CommandOutcome> {
  const refused = refuseThisMachine(context, [values['auth-url'], values['token-url'], values['jwks-url']]);
  if (refused) return refused;
  const { platforms, keys } = context.storage;
  const before = await platforms.findPlatform(id);
  if (!before) return noSuchPlatform();
  const change = changeOf(before, values);
  const fields = Object.keys(change);
  if (fields.length === 0) return report(before, 'It stands so already.');
  const after = await platforms.updatePlatform(id, change, context.clock());
  if (!after) return noSuchPlatform();
  // Tokens of the old address or audience would be used until they run out.
  if ('tokenUrl' in change || 'tokenAudience' in change) await keys.removeAccessTokens(after.issuer, after.clientId);
  await context.note({ action: 'platform.change', platformId: id, to: fields.join(' ') });
  const levels = 'roleLevels' in change ? ' Levels of members follow at their next launch or sync.' : '';
  return report(after, `Changed: ${fields.join(', ')}.${levels}`);
}

/** Only what differs. */
function changeOf(platform: Platform, values: ChangeValues): PlatformChange {
  const audience = values['token-audience'];
  const asked: PlatformChange = {
    name: values.name ?? platform.name,
    authUrl: values['auth-url'] ?? platform.authUrl,
    tokenUrl: values['token-url'] ?? platform.tokenUrl,
    jwksUrl: values['jwks-url'] ?? platform.jwksUrl,
    tokenAudience: audience === undefined ? platform.tokenAudience : audience === 'default' ? null : audience,
    family: values.family ?? platform.family,
    deployments: values['any-deployment'] ? 'learn' : platform.deployments,
    deploymentIds: [...new Set([...platform.deploymentIds, ...values['deployment-id']])],
    serviceOrigins: [...new Set([...platform.serviceOrigins, ...values['service-origin']])],
    roleLevels: withRoleLevels(platform.roleLevels, values['role-level']),
  };
  const fields = Object.keys(asked) as (keyof PlatformChange)[];
  const differing = fields.filter((field) => JSON.stringify(asked[field]) !== JSON.stringify(platform[field]));
  return Object.fromEntries(differing.map((field) => [field, asked[field]]));
}

function report(platform: Platform, what: string): CommandOutcome {
  const [first = [], ...rest] = describePlatform(platform);
  return done(presentWhole(platform), `${what}\n${textTable([...first], rest)}`);
}
