import { z } from 'zod';
import type { ZoomCore } from '../state.ts';
import { isSigned, signText } from './signed-text.ts';

const CONTENT = z.object({ recording: z.string(), until: z.number() });

/** A token that loads the files of one recording until a time, and does nothing else. */
export function writeDownloadToken({ app }: Pick<ZoomCore, 'app'>, recording: string, until: number): string {
  const payload = Buffer.from(JSON.stringify({ recording, until })).toString('base64url');
  return `sandbox.${payload}.${signText(`download ${payload}`, app.clientSecret)}`;
}

/** The UUID of the recording that a token loads now, or null. */
export function readDownloadToken({ app, clock }: Pick<ZoomCore, 'app' | 'clock'>, token: string): string | null {
  const [kind, payload = '', signature = ''] = token.split('.');
  if (kind !== 'sandbox' || !isSigned(`download ${payload}`, signature, app.clientSecret)) return null;
  const { recording, until } = CONTENT.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  return until > clock.now() ? recording : null;
}
