import type { Logger } from 'pino';
import { z } from 'zod';
import type { HttpClient, HttpResponse } from '../lib/http-client.ts';
import { hashSecret } from '../lib/ids.ts';
import { parseJson } from '../lib/json.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { PlatformFamily } from './platform.ts';
import { isHostedCanvasHost } from './platform-hosts.ts';
import type { RegistrationRefusal } from './registration-refusals.ts';

/** An LMS's OpenID configuration that passed every check. */
export type LmsConfiguration = {
  /** As it came; what is registered with. */
  document: Document;
  family: PlatformFamily;
  /** What the LMS calls itself, or its host. */
  name: string;
  /** The host whose administrator asks: for hosted Canvas the school's. */
  host: string;
  /** The origin the configuration came from. */
  origin: string;
  /** Stands for what was checked; a changed configuration has another. */
  digest: string;
};

export type ConfigurationRequest = {
  configurationUrl: string;
  registrationToken: string | null;
  log?: Logger | undefined;
};

/** Fetches and judges a configuration (LTI Dynamic Registration 1.0, 3.5). Canvas gives its own for the token only. */
export async function readConfiguration(
  http: HttpClient,
  request: ConfigurationRequest,
): Promise<Result<LmsConfiguration, RegistrationRefusal>> {
  const answer = await fetchConfiguration(http, request);
  if (!answer.ok) return failure('configuration-unreachable', `${answer.reason} ${answer.detail ?? ''}`.trim());
  const { status, body } = answer.value;
  if (status !== 200) return failure('configuration-refused', `status ${status}`);
  const parsed = DOCUMENT.safeParse(parseJson(body));
  if (!parsed.success) return failure('bad-configuration', parsed.error.issues[0]?.path.join('.') ?? '');
  return judge(parsed.data, new URL(request.configurationUrl));
}

/** Canvas was seen to redirect within its host; elsewhere the token must not go. */
const MOST_REDIRECTS = 3;

async function fetchConfiguration(http: HttpClient, request: ConfigurationRequest): ReturnType<HttpClient> {
  const token = request.registrationToken;
  const headers = { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  let url = request.configurationUrl;
  for (let redirects = 0; ; redirects++) {
    const answer = await http({ url, headers, maxBytes: 256 * 1024, purpose: 'registration', log: request.log });
    const next = answer.ok && redirects < MOST_REDIRECTS ? redirectWithin(url, answer.value) : null;
    if (next === null) return answer;
    url = next;
  }
}

function redirectWithin(url: string, { status, headers }: HttpResponse): string | null {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(status) || !location || !URL.canParse(location, url)) return null;
  const target = new URL(location, url);
  return target.origin === new URL(url).origin ? target.href : null;
}

const PLATFORM_CONFIGURATION = 'https://purl.imsglobal.org/spec/lti-platform-configuration';
const ACCOUNT_NAME = 'https://canvas.instructure.com/lti/account_name';

const ADDRESS = z.string().max(2000).refine(isPlainAddress);

const DOCUMENT = z.looseObject({
  issuer: z.string().max(255).refine(isPlainAddress),
  authorization_endpoint: ADDRESS,
  token_endpoint: ADDRESS,
  jwks_uri: ADDRESS,
  registration_endpoint: ADDRESS,
  token_endpoint_auth_methods_supported: z.array(z.string()),
  authorization_server: z.string().max(2000).optional().catch(undefined),
  [PLATFORM_CONFIGURATION]: z
    .looseObject({
      product_family_code: z.string().max(100).optional().catch(undefined),
      [ACCOUNT_NAME]: z.string().max(200).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

type Document = z.output<typeof DOCUMENT>;

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return ['https:', 'http:'].includes(protocol) && !username && !password && !hash;
}

function judge(document: Document, source: URL): Result<LmsConfiguration, RegistrationRefusal> {
  const issuer = new URL(document.issuer);
  const hosted = HOSTED_CANVAS_ISSUERS.includes(document.issuer);
  if (!hosted && (issuer.host !== source.host || !isSafe(issuer, source))) {
    return failure('foreign-issuer', `issuer on ${issuer.host}, configuration on ${source.host}`);
  }
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'registration_endpoint'] as const) {
    const endpoint = new URL(document[name]);
    const allowed = isSafe(endpoint, source) && (hosted ? isCanvasHost : isOwnHost)(name, endpoint, source);
    if (!allowed) return failure('foreign-endpoint', `${name} on ${endpoint.origin}`);
  }
  if (!document.token_endpoint_auth_methods_supported.includes('private_key_jwt')) {
    return failure('unsupported-authentication');
  }
  const lms = document[PLATFORM_CONFIGURATION];
  const family = familyOf(lms?.product_family_code);
  const name = lms?.[ACCOUNT_NAME]?.trim() || `${FAMILY_NAMES[family]} (${source.host})`;
  return success({ document, family, name, host: source.host, origin: source.origin, digest: digestOf(document) });
}

/** All schools of hosted Canvas share these issuers, and each serves its configuration from its own host. */
const HOSTED_CANVAS_ISSUERS = [
  'https://canvas.instructure.com',
  'https://canvas.beta.instructure.com',
  'https://canvas.test.instructure.com',
];

// Plain http is taken where the configuration itself came that way, which the HTTP client allows in development only.
function isSafe(url: URL, source: URL): boolean {
  return url.protocol === 'https:' || url.protocol === source.protocol;
}

// A school may serve its configuration from a host of its own name; the keys that speak for the shared issuer are
// taken from Instructure's hosts alone, so that nobody else can claim it.
function isCanvasHost(name: string, endpoint: URL, source: URL): boolean {
  if (name === 'registration_endpoint' && endpoint.host === source.host) return true;
  return isHostedCanvasHost(endpoint.hostname);
}

/** Brightspace gives tokens for all its schools at one place. */
const SHARED_TOKEN_HOSTS = ['auth.brightspace.com'];

function isOwnHost(name: string, endpoint: URL, source: URL): boolean {
  return endpoint.host === source.host || (name === 'token_endpoint' && SHARED_TOKEN_HOSTS.includes(endpoint.host));
}

const FAMILY_NAMES = { canvas: 'Canvas', moodle: 'Moodle', other: 'LMS' } as const;

function familyOf(code: string | undefined): PlatformFamily {
  const known = code?.toLowerCase();
  return known === 'canvas' || known === 'moodle' ? known : 'other';
}

function digestOf(document: Document): string {
  const { issuer, authorization_endpoint, token_endpoint, jwks_uri, registration_endpoint } = document;
  return hashSecret(JSON.stringify([issuer, authorization_endpoint, token_endpoint, jwks_uri, registration_endpoint]));
}
