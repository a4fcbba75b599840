import { type RequestHandler, type Response, Router } from 'express';
import type { Html } from '../../html.ts';
import { showMessage } from '../../pages/answer-page.ts';
import { requestParams } from '../../request-params.ts';
import { SEEDED_MEETINGS } from '../meeting-seed.ts';
import type { SandboxZoom } from '../zoom.ts';
import { choose, SWITCHES } from './switches.ts';
import { joinPage, ZOOM_PAGE, zoomPage } from './zoom-page.ts';

const HOUR = 3_600_000;

/** The pages of the sandbox's Zoom, to be mounted at `/zoom`; `steered` keeps other sites from using their forms. */
export function createZoomPages(zoom: SandboxZoom, steered: RequestHandler): Router {
  const router = Router();
  router.get('/', (_req, res) => res.redirect(303, ZOOM_PAGE));
  router.get('/sandbox', (_req, res) => show(res, zoomPage(zoom)));
  router.get(['/j/:number', '/w/:number'], (req, res) =>
    show(res, joinPage(zoom.meetings.get(String(req.params.number)))),
  );
  router.post('/sandbox', steered, async (req, res) => {
    try {
      await change(zoom, requestParams(req));
      res.redirect(303, ZOOM_PAGE);
    } catch (error) {
      showMessage(res, 400, error instanceof Error ? error.message : 'That cannot be done.');
    }
  });
  return router;
}

async function change(zoom: SandboxZoom, fields: URLSearchParams): Promise<void> {
  const text = (name: string) => fields.get(name) ?? '';
  switch (text('action')) {
    case 'failures':
      for (const one of SWITCHES) choose(one, zoom.faults, text(one.name));
      return;
    case 'record':
      zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.lecture });
      return;
    case 'transcript':
      return zoom.recordings.addTranscript(text('uuid'));
    case 'revoke':
      return void zoom.oauth.revoke(text('user'));
    case 'hour':
    case 'month':
      zoom.clock.advance(text('action') === 'hour' ? HOUR : 30 * 24 * HOUR);
      return zoom.webhooks.deliver();
    case 'reset':
      return zoom.reset();
    default:
      throw new Error('There is no such action.');
  }
}

function show(res: Response, page: Html): void {
  res.status(200).set('Cache-Control', 'no-store').type('html').send(page.markup);
}
