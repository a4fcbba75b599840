import type { Clock } from '../lib/clock.ts';
import type { HttpClient } from '../lib/http-client.ts';
import { hashSecret } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { InviteStore, RegistrationInvite } from './lti-store.ts';
import type { NewPlatform } from './ltijs/calls.ts';
import type { LtiEngine } from './ltijs/engine.ts';
import type { Platform } from './platform.ts';
import { isHostedCanvasHost } from './platform-hosts.ts';
import { type ConfigurationRequest, type LmsConfiguration, readConfiguration } from './registration-configuration.ts';
import type { RegistrationRefusal } from './registration-refusals.ts';
import { toolRegistration } from './tool-registration.ts';

/** What the LMS opened our registration address with. */
export type RegistrationRequest = ConfigurationRequest & { invite: string };

export type Registrations = {
  /** What would be registered; the invite stays unused. */
  preview(request: RegistrationRequest): Promise<Result<LmsConfiguration, RegistrationRefusal>>;
  /**
   * Registers and spends the invite; a registration that fails leaves it open. `digest` is that of the preview which the
   * person said yes to.
   */
  register(request: RegistrationRequest & { digest: string }): Promise<Result<Platform, RegistrationRefusal>>;
};

export type RegistrationDeps = {
  invites: InviteStore;
  engine: Pick<LtiEngine, 'registerDynamically'>;
  http: HttpClient;
  clock: Clock;
  publicUrl: string;
};

/** How long one registration may take before its invite can be used again, should this process die. */
const CLAIM_MS = 3 * 60_000;

/** LTI Dynamic Registration 1.0, for whoever holds a one-time invite. */
export function createRegistrations(deps: RegistrationDeps): Registrations {
  const { invites, clock } = deps;
  return {
    async preview(request) {
      // First of all: without an invite nobody makes this server fetch anything.
      const invite = await invites.findOpenInvite(hashSecret(request.invite), clock());
      return invite ? readConfiguration(deps.http, request) : failure('invite-not-open');
    },
    async register(request) {
      const now = clock();
      const invite = await invites.claimInvite(hashSecret(request.invite), now, now + CLAIM_MS);
      if (!invite) return failure('invite-not-open');
      let platform: Platform | null = null;
      try {
        const registered = await registerWith(deps, invite, request);
        if (!registered.ok) return registered;
        platform = registered.value;
      } finally {
        if (!platform) await invites.releaseInvite(invite.id);
      }
      await invites.spendInvite(invite.id, platform.id, clock());
      return success(platform);
    },
  };
}

async function registerWith(
  deps: RegistrationDeps,
  invite: RegistrationInvite,
  request: RegistrationRequest & { digest: string },
): Promise<Result<Platform, RegistrationRefusal>> {
  const read = await readConfiguration(deps.http, request);
  if (!read.ok) return read;
  const lms = read.value;
  if (lms.digest !== request.digest) return failure('configuration-changed');
  return deps.engine.registerDynamically({
    configurationUrl: request.configurationUrl,
    configuration: lms.document,
    registrationToken: request.registrationToken,
    tool: toolRegistration(deps.publicUrl, lms.family),
    platformFor: (answer) => platformOf(lms, invite, answer),
  });
}

function platformOf(
  lms: LmsConfiguration,
  invite: RegistrationInvite,
  answer: { clientId: string; deploymentId: string | null },
): NewPlatform {
  const { document, family, name } = lms;
  return {
    name,
    issuer: document.issuer,
    clientId: answer.clientId,
    authUrl: document.authorization_endpoint,
    tokenUrl: document.token_endpoint,
    tokenAudience: tokenAudience(lms),
    jwksUrl: document.jwks_uri,
    family,
    status: invite.activates ? 'active' : 'pending',
    // Moodle names its one deployment at once; Canvas makes deployments later and tells nobody.
    deployments: answer.deploymentId === null ? 'learn' : 'listed',
    deploymentIds: answer.deploymentId === null ? [] : [answer.deploymentId],
    serviceOrigins: serviceOrigins(lms),
    roleLevels: {},
  };
}

// A school on hosted Canvas that has a host of its own name serves its rosters from there.
function serviceOrigins({ document, host, origin }: LmsConfiguration): string[] {
  return new URL(document.issuer).origin === origin || isHostedCanvasHost(host) ? [] : [origin];
}

// Canvas names a bare host as its authorization server, and yet compares the audience with its token URL.
function tokenAudience({ document, family }: LmsConfiguration): string | null {
  const server = document.authorization_server;
  return family === 'canvas' || !server || server === document.token_endpoint ? null : server;
}
