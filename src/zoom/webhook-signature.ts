import { createHmac, timingSafeEqual } from 'node:crypto';

/** A request of Zoom's as it came: the body byte for byte. */
export type SignedRequest = { body: Buffer; signature: string | undefined; timestamp: string | undefined };

/** Zoom names no window for repeated requests; five minutes are customary. */
const WINDOW_MS = 5 * 60_000;
/** Zoom does not say whether its timestamps are seconds or milliseconds: whatever is larger than this is the latter. */
const LARGEST_SECONDS = 100_000_000_000;

/**
 * Whether Zoom signed a request: `v0=` and the hex HMAC-SHA256 of `v0:<timestamp>:<body>` (Zoom, "Using webhooks"). Over the
 * bytes that came, as JSON written anew may differ. Any of the secrets may have been used, so that one can be renewed.
 */
export function isFromZoom(request: SignedRequest, secrets: readonly string[], now: number): boolean {
  const { body, signature, timestamp } = request;
  if (!signature || !timestamp || !/^v0=[0-9a-f]{64}$/.test(signature) || !/^\d{1,16}$/.test(timestamp)) return false;
  const given = Number(timestamp);
  const at = given > LARGEST_SECONDS ? given : given * 1000;
  if (Math.abs(now - at) > WINDOW_MS) return false;
  return secrets.some((secret) => {
    const mac = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex');
    return timingSafeEqual(Buffer.from(`v0=${mac}`), Buffer.from(signature));
  });
}

/** The answer to Zoom's question whether this address knows the secret (`endpoint.url_validation`). */
export function answerChallenge(plainToken: string, secret: string): { plainToken: string; encryptedToken: string } {
  return { plainToken, encryptedToken: createHmac('sha256', secret).update(plainToken).digest('hex') };
}
