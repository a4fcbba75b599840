import type { Clock } from '../lib/clock.ts';
import type { HttpClient } from '../lib/http-client.ts';
import { hashSecret } from '../lib/ids.ts';
import { failure, type Result } from '../lib/result.ts';
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
   * Registers and spends the invite; a registration that is refused leaves it open. `digest` is that of the preview which the
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

/**
 * A claim has no end of its own. The platform is added between claim and spending, so a process that dies there leaves
 * an invite that nobody can use a second time, at the price of a new invite for one that died before. Only a refusal,
 * which comes before anything is added, opens it again.
 */
const NEVER = Number.MAX_SAFE_INTEGER;

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
      const invite = await invites.claimInvite(hashSecret(request.invite), clock(), NEVER);
      if (!invite) return failure('invite-not-open');
      const registered = await registerWith(deps, invite, request);
      if (!registered.ok) {
        await invites.releaseInvite(invite.id);
        return registered;
      }
      await invites.spendInvite(invite.id, registered.value.id, clock());
      return registered;
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
    log: request.log,
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
    // Moodle has one deployment for a client and names it at once. Others make further ones later and tell nobody, so
    // that one named here (Canvas does, for the account) is only the first.
    deployments: family === 'moodle' && answer.deploymentId !== null ? 'listed' : 'learn',
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
