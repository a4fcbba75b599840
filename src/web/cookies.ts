import type { Request, Response } from 'express';

/** A cookie of the request by its name, or null; of two with one name the first, as browsers put the closest path first. */
export function readCookie(req: Request, name: string): string | null {
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}

/**
 * Sets a cookie that also comes back inside the LMS's frame: `SameSite=None` and, for browsers that keep third-party
 * cookies apart by top site (CHIPS), `Partitioned`. `value` is a secret of ours, which needs no encoding. `Secure` always: Chromium takes it over http on loopback, too.
 */
export function setFrameCookie(
  res: Response,
  cookie: { name: `__Host-${string}`; value: string; maxAgeMs: number },
): void {
  const maxAge = Math.floor(cookie.maxAgeMs / 1000);
  res.append(
    'Set-Cookie',
    `${cookie.name}=${cookie.value}; Max-Age=${maxAge}; Path=/; HttpOnly; Secure; Partitioned; SameSite=None`,
  );
}
