import { z } from 'zod';
import type { PlatformId } from '../channels/channel.ts';
import type { Platform, PlatformFamily, PlatformStatus } from '../lti/platform.ts';
import { isHostedCanvasHost } from '../lti/platform-hosts.ts';
import { toolUrls } from '../lti/tool-urls.ts';
import { type Command, withContext } from './command.ts';
import type { CliContext } from './context.ts';
import { type CommandOutcome, done, failed } from './outcome.ts';
import { platformChangeCommand } from './platform-change.ts';
import { platformRemoveCommand } from './platform-remove.ts';
import {
  describePlatform,
  family,
  misusedOptions,
  noSuchPlatform,
  origin,
  presentPlatform,
  presentWhole,
  refuseThisMachine,
  text,
  url,
} from './platform-values.ts';
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
    if (!parsed.success) return misusedOptions(parsed.error);
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

const show: Command = {
  name: 'platform show',
  summary: 'Shows one registered LMS with everything that can be changed.',
  positionals: ['ID'],
  options: {},
  run: ({ positionals: [id = ''] }, tools) =>
    withContext(tools, async ({ storage }) => {
      const platform = await storage.platforms.findPlatform(id as PlatformId);
      if (!platform) return noSuchPlatform();
      const [first = [], ...rest] = describePlatform(platform);
      return done(presentWhole(platform), textTable([...first], rest));
    }),
};

const NONE = 'No LMS is registered. Use "rostrum platform add" or "rostrum registration-invite create".';

export const platformCommands: readonly Command[] = [
  add,
  list,
  show,
  platformChangeCommand,
  statusCommand('activate', 'active', 'Lets launches of a platform in.'),
  statusCommand('disable', 'disabled', 'Refuses launches and syncs of a platform; everything it brought is kept.'),
  platformRemoveCommand,
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
        if (!platform) return noSuchPlatform();
        await context.note({ action: `platform.${verb}`, platformId: platform.id });
        return done(presentPlatform(platform), `${platform.name} is ${status} now.`);
      }),
  };
}

const ADD_VALUES = z.object({
  name: text,
  issuer: url,
  'client-id': text,
  'auth-url': url,
  'token-url': url,
  'jwks-url': url,
  'deployment-id': z.array(text).default([]),
  'token-audience': text.optional(),
  family: family.optional(),
  'service-origin': z.array(origin).default([]),
});

type AddValues = z.infer<typeof ADD_VALUES>;

async function addPlatform(context: CliContext, values: AddValues): Promise<CommandOutcome> {
  const urls = [values.issuer, values['auth-url'], values['token-url'], values['jwks-url']];
  const refused = refuseThisMachine(context, urls);
  if (refused) return refused;
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
    const message =
      'This issuer and client ID are registered already; "rostrum platform list" shows them, "rostrum platform change" changes one.';
    return failed(registered.reason, message);
  }
  const platform = registered.value;
  await context.note({ action: 'platform.add', platformId: platform.id });
  const tool = toldToLms(context.config.publicUrl);
  return done({ ...presentPlatform(platform), tool }, describeAdded(platform, tool));
}

function guessFamily(values: AddValues): PlatformFamily {
  const { hostname, pathname } = new URL(values['auth-url']);
  if (isHostedCanvasHost(hostname) || pathname === '/api/lti/authorize_redirect') return 'canvas';
  return pathname.endsWith('/mod/lti/auth.php') ? 'moodle' : 'other';
}

/** What the LMS's administration has to be told about the tool. */
function toldToLms(publicUrl: string) {
  const { launch, login, keys } = toolUrls(publicUrl);
  return { targetLinkUri: launch, loginUrl: login, redirectUri: launch, keysUrl: keys };
}

function describeAdded(platform: Platform, tool: ReturnType<typeof toldToLms>): string {
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
