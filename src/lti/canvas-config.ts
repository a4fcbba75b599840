import { ROSTER_SCOPE } from './scopes.ts';
import { customParameters, TOOL_DESCRIPTION } from './tool-registration.ts';
import { toolUrls } from './tool-urls.ts';

/** The configuration that a Canvas administrator enters by URL for an LTI 1.3 developer key made by hand. */
export function canvasConfiguration(publicUrl: string): object {
  const urls = toolUrls(publicUrl);
  return {
    title: 'Rostrum',
    description: TOOL_DESCRIPTION,
    oidc_initiation_url: urls.login,
    target_link_uri: urls.launch,
    redirect_uris: [urls.launch],
    public_jwk_url: urls.keys,
    scopes: [ROSTER_SCOPE],
    custom_fields: customParameters('canvas'),
    extensions: [
      {
        platform: 'canvas.instructure.com',
        domain: urls.domain,
        tool_id: 'rostrum',
        privacy_level: 'public',
        settings: {
          text: 'Rostrum',
          icon_url: urls.icon,
          placements: [
            {
              placement: 'course_navigation',
              message_type: 'LtiResourceLinkRequest',
              target_link_uri: urls.launch,
              text: 'Rostrum',
              icon_url: urls.icon,
              enabled: true,
              default: 'disabled',
              visibility: 'members',
            },
          ],
        },
      },
    ],
  };
}
