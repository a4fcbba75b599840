import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { ChannelId, PlatformId, UserId } from '../../src/channels/channel.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { launchRoutes, showHandover } from '../../src/lti/launch.routes.ts';
import { createHandovers } from '../../src/lti/launch-handover.ts';
import { createServer } from '../../src/web/server.ts';
import { createSessions } from '../../src/web/session.ts';
import { findChromium } from '../support/browser.ts';
import { goodClaims, LTI, newKey, platformFor, sign, startKeyServer, startTool, type Tool } from './launch-support.ts';

const executablePath = findChromium();

/** A course page with the tool in a frame; with `storage`, it keeps values for the tool as the LTI drafts say. */
function coursePage(toolUrl: string, lms: string, storage: boolean): string {
  const fields = {
    iss: lms,
    client_id: 'client-1',
    login_hint: '7',
    target_link_uri: `${toolUrl}/lti/launch`,
    ...(storage ? { lti_storage_target: '_parent' } : {}),
  };
  return `<!doctype html><iframe name="tool" width="600" height="400"></iframe>
    <form method="post" action="${toolUrl}/lti/login" target="tool">
    ${Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)}</form>
    <script>
      const kept = new Map();
      addEventListener('message', ({ data, origin, source }) => {
        if (!${storage} || origin !== '${toolUrl}') return;
        if (data.subject === 'lti.put_data') kept.set(data.key, data.value);
        const { subject, message_id, key } = data;
        source.postMessage({ subject: subject + '.response', message_id, key, value: kept.get(key) ?? null }, origin);
      });
      document.forms[0].submit();
    </script>`;
}

describe.skipIf(executablePath === null)('in a browser', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;
  let lms: string;
  let toolUrl: string;
  let frameKeepsCookies: boolean;
  const stops: (() => Promise<void>)[] = [];

  async function listen(handler: RequestListener, host: string): Promise<string> {
    const server: Server = createHttpServer(handler);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    stops.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return `http://${host}:${(server.address() as AddressInfo).port}`;
  }

  beforeAll(async () => {
    const key = await newKey('key-1');
    const keyServer = await startKeyServer([key]);
    let app: RequestListener = (_req, res) => void res.end();
    // Cross site on purpose (localhost in a page of 127.0.0.1). A browser that keeps no cookies in frames is made by
    // not looking at what a frame sends.
    toolUrl = await listen((req, res) => {
      if (!frameKeepsCookies && req.headers['sec-fetch-dest'] === 'iframe') delete req.headers.cookie;
      app(req, res);
    }, 'localhost');
    tool = await startTool({ publicUrl: toolUrl, now: Date.now() });
    lms = await listen(async (req, res) => {
      const url = new URL(req.url ?? '/', lms);
      res.setHeader('content-type', 'text/html');
      if (url.pathname !== '/auth') return void res.end(coursePage(toolUrl, lms, url.searchParams.has('storage')));
      const { state = '', nonce = '', redirect_uri = '' } = Object.fromEntries(url.searchParams);
      const own = { iss: lms, [`${LTI}target_link_uri`]: redirect_uri };
      const token = await sign(goodClaims(tool, nonce, own), key);
      res.end(`<form method="post" action="${redirect_uri}"><input name="state" value="${state}">
        <input name="id_token" value="${token}"></form><script>document.forms[0].submit()</script>`);
    }, '127.0.0.1');
    const urls = { issuer: lms, authUrl: `${lms}/auth` };
    await tool.storage.platforms.addPlatform(platformFor(keyServer.url, urls));

    const sessions = createSessions({ store: tool.storage.sessions, clock: tool.clock, random: systemRandom });
    const handovers = createHandovers({ store: tool.storage.sessions, clock: tool.clock, random: systemRandom });
    const routes = launchRoutes({
      logins: tool.logins,
      launches: tool.launches,
      handovers,
      sessions,
      publicUrl: toolUrl,
      async openLaunch(launch, req, res, { needsNewTab }) {
        const grant = {
          channelId: 'channel' as ChannelId,
          platformId: launch.platform.id as PlatformId,
          userId: 'user' as UserId,
          launchLevel: 'member' as const,
          launchOnly: false,
          isTest: false,
          locale: null,
          timeZone: null,
          family: 'other',
          tenant: null,
          frameOrigin: null,
        };
        if (needsNewTab) return showHandover({ handovers }, { req, res }, grant);
        await sessions.start(req, res, grant);
        res.redirect(303, '/opened');
      },
      async enterChannel(grant, req, res) {
        await sessions.start(req, res, grant);
        res.redirect(303, '/opened');
      },
    });
    routes.get('/opened', async (req, res) => {
      const session = await sessions.find(req);
      res.set('Content-Security-Policy', 'frame-ancestors *').send(session ? 'in the channel' : 'nobody');
    });
    app = createServer({
      publicUrl: toolUrl,
      trustProxy: false,
      logger: pino({ level: 'silent' }),
      routers: [routes],
      frameAncestors: () => [lms],
      clock: tool.clock,
      random: systemRandom,
      production: false,
    });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
    stops.push(keyServer.stop, () => tool.stop());
  });
  afterAll(async () => {
    await browser?.close();
    for (const stop of stops) await stop();
  });

  async function visit(path: string): Promise<Page> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(lms + path);
    return page;
  }

  it('a frame of another site gets in by the partitioned cookie', async () => {
    frameKeepsCookies = true;
    const page = await visit('/');
    await page.frameLocator('iframe').getByText('in the channel').waitFor();
    await page.context().close();
  });

  it('a frame without cookies or storage gets in through a window of its own', async () => {
    frameKeepsCookies = false;
    const page = await visit('/');
    const link = page.frameLocator('iframe').getByRole('link', { name: 'Open in a new window' });
    const [opened] = await Promise.all([page.waitForEvent('popup'), link.click()]);
    await opened.getByText('in the channel').waitFor();
    await page.context().close();
  });

  it('a frame without cookies launches by the storage of the LMS, and opens its channel in a window', async () => {
    frameKeepsCookies = false;
    const page = await visit('/?storage');
    const button = page.frameLocator('iframe').getByRole('button', { name: 'Open the channel' });
    await button.waitFor();
    const [opened] = await Promise.all([page.waitForEvent('popup'), button.click()]);
    await opened.getByText('in the channel').waitFor();
    await page.context().close();
  });
});
