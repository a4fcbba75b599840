import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { createS3Files, type S3Files } from '../../../src/recordings/files/s3-files.ts';
import { type S3Server, startS3Server } from '../../support/s3-server.ts';
import { defineFileStoreSuite } from './file-store-suite.ts';

let s3: S3Server;
let files: S3Files;
let now = new Date();
beforeAll(async () => {
  s3 = await startS3Server('lectures', { now: () => now });
  files = openWith(s3.credentials.secretAccessKey);
});
afterAll(async () => {
  files.close();
  await s3.close();
});

function openWith(secretAccessKey: string): S3Files {
  const { url: endpoint, region, credentials } = s3;
  const client = { endpoint, region, credentials: { ...credentials, secretAccessKey } };
  return createS3Files({ bucket: 'lectures', prefix: 'rostrum/test', clock: systemClock, client });
}

defineFileStoreSuite(() => ({ files, left: async () => s3.uploads.size }));

it('keeps everything below its prefix, with the content type, by signed requests', async () => {
  await files.save('recordings/p/a.mp4', Readable.from([Buffer.from('x')]), { contentType: 'video/mp4' });
  expect(s3.objects.get('rostrum/test/recordings/p/a.mp4')).toMatchObject({ contentType: 'video/mp4' });
  expect([...s3.objects.keys()].filter((key) => !key.startsWith('rostrum/test/'))).toEqual([]);
  const stranger = openWith('another-secret');
  await expect(stranger.size('recordings/p/a.mp4')).rejects.toThrow();
  await expect(stranger.check()).rejects.toThrow('SignatureDoesNotMatch');
  stranger.close();
});

it('tells a bucket that is full from other faults', async () => {
  const save = () => files.save('recordings/p/b.mp4', Readable.from([Buffer.from('x')]), { contentType: 'video/mp4' });
  s3.failNext = { method: 'PUT', status: 403, code: 'QuotaExceeded' };
  expect(await save()).toMatchObject({ ok: false, reason: 'no-space' });
  s3.failNext = { method: 'PUT', status: 403, code: 'AccessDenied' };
  await expect(save()).rejects.toThrow('AccessDenied');
  expect(s3.objects.has('rostrum/test/recordings/p/b.mp4')).toBe(false);
});

it('drops uploads that killed processes left long ago, and none of now', async () => {
  const begin = (id: string, key: string, begunAt: Date) =>
    s3.uploads.set(id, { key, contentType: '', begunAt, parts: new Map(), bytes: 0 });
  now = new Date();
  const old = new Date(now.getTime() - 90_000_000);
  for (const n of [1, 2, 3]) begin(`left-${n}`, `rostrum/test/recordings/x/${n}.mp4`, old);
  begin('left-4', 'rostrum/test/recordings/x/4.mp4', now);
  begin('left-5', 'others/recordings/5.mp4', old);
  await files.removeLeftovers(now.getTime() - 86_400_000);
  expect([...s3.uploads.keys()]).toEqual(['left-4', 'left-5']);
});
