import { z } from 'zod';
import { CONTENT_ITEMS, LTI } from './claim-names.ts';
import type { DeepLink, LmsCore } from './lms.ts';
import { fetchToolKeys, parseJwt, verifyToolJwt } from './tool-keys.ts';

/** Takes a tool's deep linking response (Deep Linking 2.0, 4.4), and keeps it with what is wrong about it. */
export async function receiveDeepLink(core: LmsCore, courseId: string, token: string): Promise<DeepLink> {
  const jwt = parseJwt(token);
  const clientId = String(jwt?.claims.iss ?? '');
  const items = z.array(z.unknown()).safeParse(jwt?.claims[CONTENT_ITEMS] ?? []);
  const link: DeepLink = {
    clientId,
    courseId,
    items: items.success ? items.data : [],
    problem: await findProblem(core, jwt, clientId),
    at: core.clock(),
  };
  core.deepLinks.push(link);
  return link;
}

async function findProblem(core: LmsCore, jwt: ReturnType<typeof parseJwt>, clientId: string): Promise<string | null> {
  const registration = core.registrations.find(clientId);
  if (!jwt || !registration) return 'The response names no tool that is registered here';
  const keys = await fetchToolKeys(registration.tool.jwksUrl);
  if (!keys || !verifyToolJwt(jwt, keys).ok) return 'The signature is not the tool’s';
  const { claims } = jwt;
  if (![claims.aud].flat().includes(core.base)) return 'The audience is not this platform';
  if (Number(claims.exp) * 1000 < core.clock()) return 'The response has expired';
  if (claims[`${LTI}message_type`] !== 'LtiDeepLinkingResponse') return 'The message type is wrong';
  if (!registration.deploymentIds.includes(String(claims[`${LTI}deployment_id`]))) return 'The deployment is unknown';
  return null;
}
