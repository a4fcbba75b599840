import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { UserId } from '../channels/channel.ts';
import type { Clock } from '../lib/clock.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { RecordingId } from './recording.ts';

const MEDIA_KINDS = ['video', 'transcript', 'chat'] as const;

export type MediaKind = (typeof MEDIA_KINDS)[number];

/** One file of a recording, for one person by one launch of theirs. */
export type MediaPass = {
  recordingId: RecordingId;
  /** Which segment, from 0. */
  part: number;
  kind: MediaKind;
  userId: UserId;
  grantId: string;
};

export type MediaLinks = {
  /** The address of a file's bytes, good for 6 hours and for this viewer alone. */
  url(pass: MediaPass): string;
  /** What the token of such an address says, if it was made here and is not over. It says who was let in, not who may still. */
  read(token: string): Result<MediaPass, 'forged' | 'over'>;
};

const LINK_MS = 6 * 60 * 60 * 1000;

/** Signs media addresses: `<payload>.<HMAC-SHA-256>`, base64url, with a key derived by HKDF from the secret key. */
export function createMediaLinks({ secretKey, clock }: { secretKey: string; clock: Clock }): MediaLinks {
  const key = Buffer.from(hkdfSync('sha256', secretKey, 'rostrum', 'media links v1', 32));
  const sign = (payload: string) => createHmac('sha256', key).update(payload).digest();
  return {
    url({ recordingId, part, kind, userId, grantId }) {
      const said = [recordingId, part, kind, userId, grantId, clock() + LINK_MS];
      const payload = Buffer.from(JSON.stringify(said)).toString('base64url');
      return `/media/${payload}.${sign(payload).toString('base64url')}`;
    },
    read(token) {
      const [payload = '', signature = '', ...more] = token.split('.');
      const [given, expected] = [Buffer.from(signature, 'base64url'), sign(payload)];
      if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return failure('forged');
      }
      const [recordingId, part, kind, userId, grantId, until] = PAYLOAD.parse(
        JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')),
      );
      if (until <= clock()) return failure('over');
      return success({ recordingId: recordingId as RecordingId, part, kind, userId: userId as UserId, grantId });
    },
  };
}

const PAYLOAD = z.tuple([z.string(), z.number(), z.enum(MEDIA_KINDS), z.string(), z.string(), z.number()]);
