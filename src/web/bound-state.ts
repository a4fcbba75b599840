import type { Request, Response } from 'express';
import { readCookie, setFrameCookie } from './cookies.ts';

const COOKIE = '__Host-rostrum-zoom';
const KEPT = 3;
const LASTS_MS = 30 * 60_000;

/**
 * Ties an authorisation to the browser that began it: its state stands in a cookie, too, which no other site can set. The
 * tab that goes to Zoom is no frame, so this is the one cookie that it has; a few states, as people press twice.
 */
export function bindState(req: Request, res: Response, state: string): void {
  const value = [state, ...boundStates(req)].slice(0, KEPT).join('.');
  setFrameCookie(res, { name: COOKIE, value, maxAgeMs: LASTS_MS });
}

export function isBoundTo(req: Request, state: string): boolean {
  return boundStates(req).includes(state);
}

function boundStates(req: Request): string[] {
  const value = readCookie(req, COOKIE) ?? '';
  return value.split('.').filter((state) => /^[A-Za-z0-9_-]{43}$/.test(state));
}
