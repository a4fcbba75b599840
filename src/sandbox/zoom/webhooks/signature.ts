import { createHmac } from 'node:crypto';
import type { ZoomCore } from '../state.ts';

/** The headers that prove a webhook, made over the bytes of its body; the switches spoil them. */
export function signatureHeaders(
  { app, clock, faults }: Pick<ZoomCore, 'app' | 'clock' | 'faults'>,
  body: string,
): Record<string, string> {
  // The true time: a tool whose clock nobody moved must not take the request for an old one.
  const now = clock.now() - clock.ahead();
  const timestamp = String(faults.timestamps === 'seconds' ? Math.floor(now / 1000) : now);
  const secret = faults.signature === 'wrong' ? `not ${app.webhookSecret}` : app.webhookSecret;
  const signature = `v0=${hmac(secret, `v0:${timestamp}:${body}`)}`;
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': 'Zoom Marketplace/1.0a',
    'x-zm-request-timestamp': timestamp,
    ...(faults.signature === 'missing' ? {} : { 'x-zm-signature': signature }),
  };
}

/** HMAC-SHA256 over UTF-8, in hexadecimal. */
export function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text, 'utf8').digest('hex');
}
