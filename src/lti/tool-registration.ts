import type { PlatformFamily } from './platform.ts';
import { ROSTER_SCOPE } from './scopes.ts';
import { type ToolUrls, toolUrls } from './tool-urls.ts';

const EXTENSION = 'https://canvas.instructure.com/lti/';
const TOOL_CONFIGURATION = 'https://purl.imsglobal.org/spec/lti-tool-configuration';

/** What the tool asks to be told at launch; without a name or an e-mail an LMS shares neither in its rosters. */
const CLAIMS = ['iss', 'sub', 'name', 'given_name', 'family_name', 'email'];

/**
 * The client metadata of LTI Dynamic Registration 1.0. One redirect URI, one scope (the roster), and for Canvas a place
 * in the course navigation, which each teacher switches on.
 */
export function toolRegistration(publicUrl: string, family: PlatformFamily): object {
  const urls = toolUrls(publicUrl);
  return {
    application_type: 'web',
    response_types: ['id_token'],
    grant_types: ['implicit', 'client_credentials'],
    initiate_login_uri: urls.login,
    redirect_uris: [urls.launch],
    jwks_uri: urls.keys,
    client_name: 'Rostrum',
    logo_uri: urls.icon,
    token_endpoint_auth_method: 'private_key_jwt',
    scope: ROSTER_SCOPE,
    [TOOL_CONFIGURATION]: {
      domain: urls.domain,
      target_link_uri: urls.launch,
      description: TOOL_DESCRIPTION,
      claims: CLAIMS,
      custom_parameters: customParameters(family),
      messages: [family === 'canvas' ? canvasMessage(urls) : plainMessage(urls)],
      ...(family === 'canvas' ? { [`${EXTENSION}privacy_level`]: 'public' } : {}),
    },
  };
}

export const TOOL_DESCRIPTION = 'One channel for every course, with the people of its roster.';

/** Variables that the LMS fills in at launch. Canvas alone can tell a teacher from a teaching assistant, and only so. */
export function customParameters(family: PlatformFamily): Record<string, string> {
  const all = { time_zone: '$Person.address.timezone' };
  return family === 'canvas' ? { ...all, canvas_membership_roles: '$Canvas.membership.roles' } : all;
}

function plainMessage(urls: ToolUrls): object {
  return { type: 'LtiResourceLinkRequest', target_link_uri: urls.launch };
}

function canvasMessage(urls: ToolUrls): object {
  return {
    ...plainMessage(urls),
    label: 'Rostrum',
    icon_uri: urls.icon,
    placements: [`${EXTENSION}course_navigation`],
    [`${EXTENSION}course_navigation/default_enabled`]: false,
    [`${EXTENSION}visibility`]: 'members',
  };
}
