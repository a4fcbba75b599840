import { createZoomOAuth } from '../zoom/zoom-oauth.ts';
import { type Check, fault, warning, well } from './checks.ts';
import type { CliContext } from './context.ts';

const NAME = 'zoom';

/** Whether a Zoom app is set up, and whether Zoom answers and knows it by its ID and secret. */
export async function checkZoom({ config, secrets, http, clock }: CliContext): Promise<Check> {
  const { zoom: app, publicUrl, production } = config;
  if (!app || !secrets.zoom) {
    return well(NAME, 'no app is set up, so nobody can connect an account; ZOOM_CLIENT_ID and its secrets set one up');
  }
  if (app.trial) return well(NAME, 'the make-believe Zoom of the sandbox');
  const redirectUrl = `${publicUrl}/zoom/callback`;
  const oauth = createZoomOAuth({ app, secret: secrets.zoom.client, redirectUrl, http, clock, allowHttp: !production });
  // A token that Zoom never gave: what it refuses, the token or the app, says whether it knows the app.
  const answer = await oauth.refresh({ refresh: 'rostrum-doctor' });
  const reason = answer.ok ? 'ended' : answer.reason;
  const detail = answer.ok ? '' : ` (${answer.detail})`;
  switch (reason) {
    case 'ended':
    case 'bad-code':
      return well(NAME, `Zoom knows the app; its redirect address there must be ${redirectUrl}`);
    case 'misconfigured':
      return fault(NAME, `Zoom does not know the app; check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET${detail}`);
    case 'unreachable':
      return fault(NAME, `${app.oauthUrl} cannot be reached${detail}`);
    default:
      return warning(NAME, `Zoom did not say whether it knows the app${detail}`);
  }
}
