import type { Config } from '../config/config.ts';
import type { PlatformStore } from '../lti/lti-store.ts';
import type { LtiEngine } from '../lti/ltijs/engine.ts';
import { type Sandbox, type SandboxLms, type SandboxOptions, startSandbox } from './sandbox.ts';

/** Starts the sandbox beside the tool and registers its two LMSs, so that a newcomer can launch at once. */
export async function startTrial(
  config: Pick<Config, 'sandbox' | 'publicUrl'>,
  app: { engine: LtiEngine; platforms: PlatformStore; platformsChanged(): Promise<void> },
  options: Partial<Pick<SandboxOptions, 'bigCourseSize' | 'pageDelayMs'>> = {},
): Promise<Sandbox> {
  const { publicUrl } = config;
  const sandbox = await startSandbox({
    ...options,
    port: config.sandbox.port,
    host: config.sandbox.host,
    tool: {
      loginUrl: `${publicUrl}/lti/login`,
      launchUrl: `${publicUrl}/lti/launch`,
      jwksUrl: `${publicUrl}/lti/keys`,
      registrationUrl: `${publicUrl}/lti/register`,
      origin: publicUrl,
    },
  });
  await registerLms(app, sandbox.canvas);
  await registerLms(app, sandbox.moodle);
  await app.platformsChanged();
  return sandbox;
}

async function registerLms(
  { engine, platforms }: { engine: LtiEngine; platforms: PlatformStore },
  { family, registration }: SandboxLms,
): Promise<void> {
  await engine.registerPlatform({
    ...registration,
    family,
    status: 'active',
    deployments: 'listed',
    serviceOrigins: [],
    roleLevels: {},
  });
  // The sandbox may have moved to another port since the last start.
  const known = await platforms.findPlatformByClient(registration.issuer, registration.clientId);
  const { authUrl, tokenUrl, jwksUrl } = registration;
  if (known) await platforms.updatePlatform(known.id, { authUrl, tokenUrl, jwksUrl }, Date.now());
}
