import { createServer } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { TRIAL_ZOOM_APP } from '../config/secrets.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { createCanvas } from './canvas/canvas.ts';
import { close, listen, originOf, startForeignOrigin } from './foreign-origin.ts';
import type { LmsCore, SandboxLms, ToolAddresses } from './lms.ts';
import { createMoodle } from './moodle/moodle.ts';
import { createPages } from './pages/pages.routes.ts';
import { recordRequest } from './requests.ts';
import { createZoom, type SandboxZoom, type ZoomAppRegistration } from './zoom/zoom.ts';

export type { SandboxCourse } from './course.ts';
export type { LoginOptions, SandboxLms } from './lms.ts';
export type { SandboxZoom } from './zoom/zoom.ts';

export type SandboxOptions = {
  /** 0 takes any free port. */
  port: number;
  /** 127.0.0.1 if not given. Keep it on loopback: anybody who reaches the sandbox may steer it. */
  host?: string;
  tool: ToolAddresses;
  /** The tool's app in Zoom; the trial's if not given. */
  zoomApp?: Partial<ZoomAppRegistration>;
  clock?: Clock;
  /** How many people the big course lists; 10,000 if not given. */
  bigCourseSize?: number;
  /** Milliseconds before each roster page. */
  pageDelayMs?: number;
};

export type Sandbox = {
  url: string;
  port: number;
  canvas: SandboxLms;
  moodle: SandboxLms;
  zoom: SandboxZoom;
  close(): Promise<void>;
};

/**
 * Starts a Canvas-like and a Moodle-like LMS and a Zoom on one port, for trials and tests. The LMSs speak LTI 1.3 over HTTP with the
 * quirks of the real ones, and fail in the ways they are told to. Two sandboxes on two ports are like a Canvas and its
 * beta copy: the same client, deployment and context IDs under different issuers.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host = '127.0.0.1', clock = systemClock, bigCourseSize = 10_000, pageDelayMs = 0, tool } = options;
  const server = createServer();
  const port = await listen(server, options.port, host);
  const url = originOf(host, port);
  const cores: LmsCore[] = [];
  const foreign = await startForeignOrigin(host, (withToken) => {
    for (const core of cores.filter((each) => each.faults.foreignNext || hasForeignCourse(each))) {
      core.requests.foreign++;
      if (withToken) core.requests.foreignWithToken++;
    }
  });
  const shared = { clock, bigCourseSize, pageDelayMs, tool, foreignOrigin: foreign.origin };
  const canvas = createCanvas({ ...shared, base: `${url}/canvas` });
  const moodle = createMoodle({ ...shared, base: `${url}/moodle` });
  cores.push(canvas.core, moodle.core);
  // Recordings are downloaded from another host than the API's, as in Zoom.
  const zoomFiles = createServer();
  const filesOrigin = originOf(host, await listen(zoomFiles, 0, host));
  const zoomApp = { ...trialZoomApp(tool.origin), ...options.zoomApp };
  const zoom = createZoom({ base: `${url}/zoom`, filesOrigin, app: zoomApp, clock });
  zoomFiles.on('request', express().disable('x-powered-by').use(zoom.files) as Express);

  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(express.urlencoded({ extended: false, limit: '1mb' }), express.json({ limit: '1mb' }));
  for (const lms of [canvas, moodle]) {
    app.use(`/${lms.lms.family}`, logRequests(lms.core), lms.router);
  }
  app.use('/zoom', zoom.router);
  app.use(createPages({ url, canvas, moodle, zoom: zoom.zoom, tool }));
  app.use(answerErrors);
  server.on('request', app as Express);
  return {
    url,
    port,
    canvas: canvas.lms,
    moodle: moodle.lms,
    zoom: zoom.zoom,
    async close() {
      zoom.close();
      await Promise.all([close(server), close(zoomFiles), foreign.close()]);
    },
  };
}

function trialZoomApp(toolOrigin: string): ZoomAppRegistration {
  const { clientId, secrets } = TRIAL_ZOOM_APP;
  return {
    clientId,
    clientSecret: secrets.client,
    webhookSecret: secrets.webhooks[0],
    redirectUri: `${toolOrigin}/zoom/callback`,
    webhookUrl: `${toolOrigin}/zoom/webhooks`,
  };
}

function hasForeignCourse(core: LmsCore): boolean {
  return Object.values(core.faults.courses).some((faults) => faults.foreignNext);
}

function logRequests(core: LmsCore): RequestHandler {
  return (req, _res, next) => {
    const url = new URL(req.originalUrl, 'http://sandbox');
    if (url.searchParams.has('registration_token')) url.searchParams.set('registration_token', '…');
    const { accept, 'user-agent': userAgent, origin, authorization } = req.headers;
    recordRequest(core.requests, {
      method: req.method,
      path: url.pathname + url.search,
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(userAgent === undefined ? {} : { userAgent }),
        ...(origin === undefined ? {} : { origin }),
        authorization: authorization !== undefined,
      },
      at: core.clock(),
    });
    next();
  };
}

/** Garbage gets a short answer; the sandbox goes on. */
const answerErrors: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) return next(error);
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500;
  const message = error instanceof Error ? error.message : 'Error';
  res
    .status(status >= 400 && status < 600 ? status : 500)
    .type('text')
    .send(message);
};
