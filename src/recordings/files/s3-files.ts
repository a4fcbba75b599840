import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Clock } from '../../lib/clock.ts';
import { failure, success } from '../../lib/result.ts';
import type { FileStore, SaveOptions } from '../file-store.ts';
import { checkedKey, checkedPrefix } from './file-key.ts';
import { CheckRefused, watchBytes } from './watched-bytes.ts';

export type S3Files = FileStore & { close(): void };

export type S3FilesDeps = {
  bucket: string;
  /** Without slashes at its ends; empty: the whole bucket. */
  prefix: string;
  clock: Clock;
  /** Where it is and how to sign; what the surroundings say (`AWS_REGION`, `AWS_ENDPOINT_URL_S3`, keys or a role) if not given. */
  client?: S3ClientConfig;
};

/** Up to 50 GB in 10,000 parts; with two of them on their way a file takes some 30 MB of memory, whatever its size. */
const UPLOAD = { partSize: 5 * 1024 * 1024, queueSize: 2 };
/** Nothing moving for so long is a connection that broke; somebody who pauses a video may let one rest, too. */
const TIMEOUTS = { connectionTimeout: 5_000, socketTimeout: 300_000 };
const NO_SPACE = new Set(['QuotaExceeded', 'QuotaExceededException', 'XMinioStorageFull', 'InsufficientStorage']);

/**
 * Files in a bucket, whose name is part of the path: services beside Amazon's know it so. A file is an upload in parts that
 * is completed once it was judged, and dropped otherwise; a reader sees nothing of it before.
 */
export function createS3Files({ bucket, prefix, clock, client: config = {} }: S3FilesDeps): S3Files {
  const client = new S3Client({
    forcePathStyle: true,
    // What is not Amazon's may not know the newer checksums; the signature covers the bytes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: TIMEOUTS,
    ...config,
  });
  const root = prefix === '' ? '' : `${prefix}/`;
  const at = (key: string) => ({ Bucket: bucket, Key: root + checkedKey(key) });

  return {
    async save<Reason extends string>(key: string, body: Readable, options: SaveOptions<Reason>) {
      const params = { ...at(key), ContentType: options.contentType };
      const watched = watchBytes(options, clock);
      // Each of the two ends with the other; what went wrong is told by the upload, which reads the second.
      pipeline(body, watched, options.signal ? { signal: options.signal } : {}).catch(() => {});
      try {
        await new Upload({ client, params: { ...params, Body: watched }, ...UPLOAD }).done();
        return success({ bytes: watched.written() });
      } catch (error) {
        if (error instanceof CheckRefused) return failure(error.reason as Reason);
        if (isNoSpace(error)) return failure('no-space', nameOf(error));
        throw error;
      } finally {
        watched.destroy();
        body.destroy();
      }
    },
    async read(key, range) {
      const Range = range ? `bytes=${range.from}-${range.to}` : undefined;
      const found = await orNull(client.send(new GetObjectCommand({ ...at(key), ...(Range ? { Range } : {}) })));
      return (found?.Body as Readable | undefined) ?? null;
    },
    async size(key) {
      return (await orNull(client.send(new HeadObjectCommand(at(key)))))?.ContentLength ?? null;
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand(at(key)));
    },
    async removeAll(below) {
      const Prefix = root + checkedPrefix(below);
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix })) {
        // One by one: not every service takes many at once, and a recording has few files.
        for (const { Key } of page.Contents ?? []) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
      }
    },
    async removeLeftovers(olderThan) {
      for await (const { Key, UploadId, Initiated } of begunUploads(client, bucket, root)) {
        if (!Initiated || Initiated.getTime() >= olderThan) continue;
        await orNull(client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })));
      }
    },
    async check() {
      const object = { Bucket: bucket, Key: `${root}rostrum-check` };
      await client.send(new PutObjectCommand({ ...object, Body: 'Rostrum can write here.\n' }));
      await client.send(new DeleteObjectCommand(object));
    },
    close: () => client.destroy(),
  };
}

type Begun = { Key?: string | undefined; UploadId?: string | undefined; Initiated?: Date | undefined };

/** Uploads that were begun and neither completed nor dropped. */
async function* begunUploads(client: S3Client, Bucket: string, Prefix: string): AsyncIterable<Begun> {
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | null = {};
  while (from) {
    const page: ListMultipartUploadsCommandOutput = await client.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix, ...from }),
    );
    yield* page.Uploads ?? [];
    from = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : null;
  }
}

async function orNull<Value>(found: Promise<Value>): Promise<Value | null> {
  try {
    return await found;
  } catch (error) {
    if (['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(nameOf(error))) return null;
    throw error;
  }
}

function isNoSpace(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return NO_SPACE.has(nameOf(error)) || $metadata?.httpStatusCode === 507;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
