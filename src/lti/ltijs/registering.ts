import type { LtijsProvider } from 'ltijs';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { HttpClient, HttpRequest } from '../../lib/http-client.ts';
import { parseJson } from '../../lib/json.ts';
import { failure, type Result, success } from '../../lib/result.ts';
import type { PlatformStore } from '../lti-store.ts';
import type { Platform } from '../platform.ts';
import { type LtijsAnswer, type LtijsCall, type NewPlatform, noRequests } from './calls.ts';
import type { Ltijs } from './load.ts';
import { ServiceError } from './service-error.ts';

export type DynamicRegistration = {
  configurationUrl: string;
  /** The configuration that was read and checked; it is not fetched again. */
  configuration: object & { registration_endpoint: string };
  registrationToken: string | null;
  log?: Logger | undefined;
  /** The client metadata to register. */
  tool: object;
  /** The platform to store, once the LMS has given a client ID. */
  platformFor(answer: { clientId: string; deploymentId: string | null }): NewPlatform;
};

export type DynamicRegistrationFailure = 'platform-exists' | 'registration-refused' | 'registration-unreachable';

export type Registering = { ltijs: Ltijs; provider: LtijsProvider; platforms: PlatformStore };

/** Makes a key pair and registers a platform through ltijs, which would overwrite one that is there. */
export async function registerPlatform(
  deps: Registering,
  platform: NewPlatform,
): Promise<Result<Platform, 'platform-exists'>> {
  const { issuer, clientId } = platform;
  if (await deps.platforms.findPlatformByClient(issuer, clientId)) return failure('platform-exists');
  try {
    await deps.ltijs.inCall({ send: noRequests, newPlatform: platform }, () =>
      deps.provider.registerPlatform({
        url: issuer,
        name: platform.name,
        clientId,
        authenticationEndpoint: platform.authUrl,
        accesstokenEndpoint: platform.tokenUrl,
        authConfig: { method: 'JWK_SET', key: platform.jwksUrl },
      }),
    );
  } catch (error) {
    if (alreadyRegistered(error)) return failure('platform-exists');
    throw error;
  }
  return success(await storedPlatform(deps.platforms, issuer, clientId));
}

function alreadyRegistered(error: unknown): boolean {
  if (error instanceof ServiceError) return error.reason === 'platform-exists';
  return error instanceof Error && error.message === 'PLATFORM_ALREADY_REGISTERED';
}

async function storedPlatform(platforms: PlatformStore, issuer: string, clientId: string): Promise<Platform> {
  const platform = await platforms.findPlatformByClient(issuer, clientId);
  if (!platform) throw new Error('A platform that was just registered is not in the store');
  return platform;
}

class RegistrationFailed extends Error {
  readonly reason: 'registration-refused' | 'registration-unreachable';
  constructor(reason: RegistrationFailed['reason'], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

const TOOL_CONFIGURATION = 'https://purl.imsglobal.org/spec/lti-tool-configuration';

const CLIENT_TEXT = z.union([z.string(), z.number()]).transform(String).pipe(z.string().min(1).max(255));

const REGISTRATION_ANSWER = z.object({
  client_id: CLIENT_TEXT,
  [TOOL_CONFIGURATION]: z
    .object({ deployment_id: CLIENT_TEXT.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** Has ltijs register the tool with the client metadata given; its own would ask for grades too. */
export async function registerDynamically(
  deps: Registering & { http: HttpClient },
  request: DynamicRegistration,
): Promise<Result<Platform, DynamicRegistrationFailure>> {
  const { issuer } = z.object({ issuer: z.string() }).parse(request.configuration);
  let clientId = '';
  const call: LtijsCall = { send };

  async function send(sent: HttpRequest): Promise<LtijsAnswer> {
    // What ltijs would fetch once more is what was checked and shown.
    if (sent.method === 'GET') return { headers: {}, body: JSON.stringify(request.configuration) };
    const answer = await postRegistration(deps.http, { ...sent, log: request.log });
    clientId = answer.client_id;
    const deploymentId = answer[TOOL_CONFIGURATION]?.deployment_id ?? null;
    call.newPlatform = request.platformFor({ clientId, deploymentId });
    return { headers: {}, body: JSON.stringify({ client_id: clientId }) };
  }

  try {
    await deps.ltijs.inCall(call, () =>
      deps.provider.DynamicRegistration.register(
        request.configurationUrl,
        request.registrationToken ?? undefined,
        request.tool,
      ),
    );
  } catch (error) {
    if (alreadyRegistered(error)) return failure('platform-exists', `client ${clientId}`);
    if (error instanceof RegistrationFailed) return failure(error.reason, error.message);
    throw error;
  }
  return success(await storedPlatform(deps.platforms, issuer, clientId));
}

// 200 in Moodle 4.5 and Canvas, 201 in the specification.
async function postRegistration(http: HttpClient, request: HttpRequest): Promise<z.output<typeof REGISTRATION_ANSWER>> {
  const answer = await http({ ...request, timeoutMs: 30_000, purpose: 'registration' });
  if (!answer.ok) throw new RegistrationFailed('registration-unreachable', `${answer.reason} ${answer.detail ?? ''}`);
  const { status, body } = answer.value;
  if (status < 200 || status > 299) {
    throw new RegistrationFailed('registration-refused', `status ${status} ${body.slice(0, 300)}`);
  }
  const parsed = REGISTRATION_ANSWER.safeParse(parseJson(body));
  if (!parsed.success) throw new RegistrationFailed('registration-refused', 'The answer holds no client_id');
  return parsed.data;
}
