import { z } from 'zod';
import type { PlatformId } from '../channels/channel.ts';
import { isLoopback, serviceUrl } from '../config/values.ts';
import type { Platform, PlatformFamily, PlatformStatus } from '../lti/platform.ts';
import { type Command, withContext } from './command.ts';
import type { CliContext } from './context.ts';
import { type CommandOutcome, done, failed, misused } from './outcome.ts';
import { textTable } from './text-table.ts';

const add: Command = {
  name: 'platform add',
  summary: 'Registers an LMS by the values its administration shows.',
  positionals: [],
  options: {
    name: { type: 'string', value: 'NAME', required: true, help: 'How the platform is called here.' },
    issuer: {
      type: 'string',
      value: 'URL',
      required: true,
      help: 'The issuer (platform ID), exactly as the LMS says.',
    },
    'client-id': { type: 'string', value: 'ID', required: true, help: 'The client ID the LMS gave.' },
    'auth-url': { type: 'string', value: 'URL', required: true, help: 'The authentication request URL.' },
    'token-url': { type: 'string', value: 'URL', required: true, help: 'The access token URL.' },
    'jwks-url': { type: 'string', value: 'URL', required: true, help: "The LMS's public key set URL." },
    'deployment-id': {
      type: 'string',
      value: 'ID',
      multiple: true,
      help: 'A deployment to let in, repeatable; without any, each new one is recorded at its first launch.',
    },
    'token-audience': { type: 'string', value: 'TEXT', help: 'The audience of token requests, if not the token URL.' },
    family: { type: 'string', value: 'canvas|moodle|other', help: 'Which LMS it is; guessed if not given.' },
    'service-origin': {
      type: 'string',
      value: 'ORIGIN',
      multiple: true,
      help: "Another origin that rosters may come from (a Canvas school's own host), repeatable.",
    },
  },
  async run({ values }, tools) {
    const parsed = ADD_VALUES.safeParse(values);
    if (!parsed.success) return misused(parsed.error.issues.map(issueText).join('\n'));
    return withContext(tools, (context) => addPlatform(context, parsed.data));
  },
};

const list: Command = {
  name: 'platform list',
  summary: 'Lists the registered LMSs.',
  positionals: [],
  options: {},
  run: (_input, tools) =>
    withContext(tools, async ({ storage }) => {
      const platforms = await storage.platforms.listPlatforms();
      const rows = platforms.map(({ id, name, status, family, issuer, clientId }) => [
        id,
        status,
        family,
        name,
        issuer,
        clientId,
      ]);
      const text = rows.length > 0 ? textTable(['ID', 'STATUS', 'FAMILY', 'NAME', 'ISSUER', 'CLIENT ID'], rows) : NONE;
      return done({ items: platforms.map(presentPlatform) }, text);
    }),
};

const NONE = 'No LMS is registered. Use "rostrum platform add" or "rostrum registration-invite create".';

export const platformCommands: readonly Command[] = [
  add,
  list,
  statusCommand('activate', 'active', 'Lets launches of a platform in.'),
  statusCommand('disable', 'disabled', 'Refuses launches and syncs of a platform; everything it brought is kept.'),
];

function statusCommand(verb: string, status: PlatformStatus, summary: string): Command {
  return {
    name: `platform ${verb}`,
    summary,
    positionals: ['ID'],
    options: {},
    run: ({ positionals: [id = ''] }, tools) =>
      withContext(tools, async (context) => {
        const platform = await context.storage.platforms.updatePlatform(id as PlatformId, { status }, context.clock());
        if (!platform)
          return failed('no-such-platform', 'No platform has this ID; "rostrum platform list" shows them.');
        await context.note({ action: `platform.${verb}`, platformId: platform.id });
        return done(presentPlatform(platform), `${platform.name} is ${status} now.`);
      }),
  };
}

const text = z.string().trim().min(1, 'is empty').max(1000);
// Kept as typed: an issuer with a slash at its end is another issuer.
const url = text.refine((value) => serviceUrl(true)(value).ok, 'is not an https:// URL');

const ADD_VALUES = z.object({
  name: text,
  issuer: url,
  'client-id': text,
  'auth-url': url,
  'token-url': url,
  'jwks-url': url,
  'deployment-id': z.array(text).default([]),
  'token-audience': text.optional(),
  family: z.enum(['canvas', 'moodle', 'other'], 'is none of canvas, moodle, other').optional(),
  'service-origin': z.array(url.transform((value) => new URL(value).origin)).default([]),
});

type AddValues = z.infer<typeof ADD_VALUES>;

async function addPlatform(context: CliContext, values: AddValues): Promise<CommandOutcome> {
  const urls = [values.issuer, values['auth-url'], values['token-url'], values['jwks-url']];
  if (context.config.production && urls.some((value) => isLoopback(new URL(value).hostname))) {
    return misused('In production an LMS cannot be on this very machine (localhost); give its real addresses.');
  }
  const registered = await (await context.engine()).registerPlatform({
    name: values.name,
    issuer: values.issuer,
    clientId: values['client-id'],
    authUrl: values['auth-url'],
    tokenUrl: values['token-url'],
    tokenAudience: values['token-audience'] ?? null,
    jwksUrl: values['jwks-url'],
    family: values.family ?? guessFamily(values),
    status: 'active',
    deployments: values['deployment-id'].length > 0 ? 'listed' : 'learn',
    deploymentIds: [...new Set(values['deployment-id'])],
    serviceOrigins: [...new Set(values['service-origin'])],
    roleLevels: {},
  });
  if (!registered.ok) {
    const message = 'This issuer and client ID are registered already; "rostrum platform list" shows them.';
    return failed(registered.reason, message);
  }
  const platform = registered.value;
  await context.note({ action: 'platform.add', platformId: platform.id });
  const tool = toolUrls(context.config.publicUrl);
  return done({ ...presentPlatform(platform), tool }, describeAdded(platform, tool));
}

function guessFamily(values: AddValues): PlatformFamily {
  const { hostname, pathname } = new URL(values['auth-url']);
  if (/(^|\.)(instructure|canvaslms)\.com$/.test(hostname) || pathname === '/api/lti/authorize_redirect')
    return 'canvas';
  return pathname.endsWith('/mod/lti/auth.php') ? 'moodle' : 'other';
}

/** What the LMS's administration has to be told about the tool. */
function toolUrls(publicUrl: string) {
  return {
    targetLinkUri: `${publicUrl}/lti/launch`,
    loginUrl: `${publicUrl}/lti/login`,
    redirectUri: `${publicUrl}/lti/launch`,
    keysUrl: `${publicUrl}/lti/keys`,
  };
}

function describeAdded(platform: Platform, tool: ReturnType<typeof toolUrls>): string {
  const deployments = platform.deployments === 'listed' ? platform.deploymentIds.join(', ') : 'recorded as they come';
  return [
    `${platform.name} is registered (${platform.id}), family ${platform.family}, deployments: ${deployments}.`,
    'In the LMS, set:',
    textTable(
      ['  tool URL', tool.targetLinkUri],
      [
        ['  login initiation URL', tool.loginUrl],
        ['  redirect URI', tool.redirectUri],
        ['  public key set', tool.keysUrl],
      ],
    ),
  ].join('\n');
}

function presentPlatform({ keyId: _keyId, roleLevels: _roleLevels, ...platform }: Platform) {
  const { createdAt, updatedAt, ...rest } = platform;
  return { ...rest, createdAt: new Date(createdAt).toISOString(), updatedAt: new Date(updatedAt).toISOString() };
}

function issueText(issue: z.core.$ZodIssue): string {
  return `--${String(issue.path[0])} ${issue.message}.`;
}
