import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { startChild } from './child.ts';
import type { LaunchTarget, Lms } from './launch-types.ts';

/** An LMS as far as launches need one: its addresses, and the key that it signs with. */
export type SigningLms = { lms: Lms; privateKey: KeyObject; stop(): Promise<void> };

export type Login = { state: string; nonce: string };
export type Form = { state: string; id_token: string };

/** Its key set is served by a process of its own. */
export async function startSigningLms(): Promise<SigningLms> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keySet = startChild('key-set');
  const platformUrl = await keySet.ask<string>('start', { ...publicKey.export({ format: 'jwk' }), ...KEY });
  return { lms: lmsAt(platformUrl), privateKey, stop: keySet.stop };
}

const KEY = { kid: 'measurement', alg: 'RS256', use: 'sig' };
const DEPLOYMENT = '1:measurement';

function lmsAt(url: string): Lms {
  return {
    issuer: url,
    clientId: '10000000000042',
    deploymentId: DEPLOYMENT,
    authUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
    jwksUrl: `${url}/jwks`,
  };
}

const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';

type Signing = Pick<SigningLms, 'lms' | 'privateKey'> & { target: LaunchTarget };

/** What the LMS posts to the tool for this person, in answer to a login. */
export function launchForm({ lms, target, privateKey }: Signing, login: Login, subject: string): Form {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: lms.issuer,
    aud: lms.clientId,
    azp: lms.clientId,
    sub: subject,
    iat: now,
    exp: now + 3600,
    nonce: login.nonce,
    jti: randomUUID(),
    name: `Person ${subject}`,
    given_name: 'Person',
    family_name: subject,
    email: `${subject}@campus.example`,
    locale: 'en-GB',
    [`${LTI}message_type`]: 'LtiResourceLinkRequest',
    [`${LTI}version`]: '1.3.0',
    [`${LTI}deployment_id`]: lms.deploymentId,
    [`${LTI}target_link_uri`]: target.targetLinkUri,
    [`${LTI}resource_link`]: { id: 'link-1', title: 'Statistics' },
    [`${LTI}context`]: {
      id: 'course-1',
      label: 'STAT-200',
      title: 'Statistics for everyone',
      type: ['http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering'],
    },
    [`${LTI}roles`]: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'],
    [`${LTI}custom`]: { time_zone: 'Europe/London' },
    [`${LTI}launch_presentation`]: { document_target: 'iframe', locale: 'en-GB' },
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const input = `${encode({ typ: 'JWT', alg: KEY.alg, kid: KEY.kid })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), privateKey).toString('base64url');
  return { state: login.state, id_token: `${input}.${signature}` };
}
