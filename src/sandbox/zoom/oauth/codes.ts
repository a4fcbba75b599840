import { createHash } from 'node:crypto';
import { newSecret } from '../../../lib/ids.ts';
import { failure, type Result, success } from '../../../lib/result.ts';
import type { ZoomClock } from '../clock.ts';

/** What a person consented to, until the app exchanges the code. */
export type Consent = {
  user: string;
  scopes: string[];
  shared: boolean;
  redirectUri: string;
  challenge: { value: string; method: string } | null;
};

export type Codes = {
  put(consent: Consent): string;
  /** The consent of a code, once. `verifier`: PKCE was begun with another one. */
  take(
    code: string,
    given: { redirectUri: string; verifier: string | null },
  ): Result<Consent, 'code-invalid' | 'code-expired' | 'redirect-uri' | 'verifier'>;
};

const CODE_LIFE_MS = 5 * 60_000;

export function createCodes({ now }: Pick<ZoomClock, 'now'>): Codes {
  const codes = new Map<string, Consent & { until: number }>();
  return {
    put(consent) {
      const code = newSecret();
      codes.set(code, { ...consent, until: now() + CODE_LIFE_MS });
      return code;
    },
    take(code, { redirectUri, verifier }) {
      const kept = codes.get(code);
      codes.delete(code);
      if (!kept) return failure('code-invalid');
      if (kept.until <= now()) return failure('code-expired');
      if (kept.redirectUri !== redirectUri) return failure('redirect-uri');
      return answersChallenge(kept.challenge, verifier) ? success(kept) : failure('verifier');
    },
  };
}

function answersChallenge(challenge: Consent['challenge'], verifier: string | null): boolean {
  if (!challenge) return true;
  if (verifier === null || !/^[\w.~-]{43,128}$/.test(verifier)) return false;
  const { value, method } = challenge;
  return (method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier) === value;
}
