import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of the S3 protocol on this machine, as much of it as a file store needs. Requests without a right signature are refused. */
export type S3Server = {
  url: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  objects: Map<string, { bytes: Buffer; size: number; contentType: string }>;
  /** Uploads that were begun and neither completed nor dropped. */
  uploads: Map<string, Upload>;
  /** What was asked: "PUT /bucket/key?partNumber&uploadId". */
  requests: string[];
  /** Answers requests of this kind ("PUT ...") with an error, once. */
  failNext: { method: string; status: number; code: string } | null;
  close(): Promise<void>;
};

export type Upload = { key: string; contentType: string; begunAt: Date; parts: Map<number, Buffer>; bytes: number };

const REGION = 'test-1';
const CREDENTIALS = { accessKeyId: 'TESTKEY', secretAccessKey: 'test-secret' };
const LISTED_AT_ONCE = 2;

export type S3ServerOptions = {
  now?: () => Date;
  /** Counts bytes and forgets them: objects then have their size and nothing in them. */
  forgetful?: boolean;
};

export async function startS3Server(bucket: string, options: S3ServerOptions = {}): Promise<S3Server> {
  const { now = () => new Date(), forgetful = false } = options;
  const kept = (bytes: Buffer) => (forgetful ? Buffer.alloc(0) : bytes);
  let count = 0;
  const s3: S3Server = {
    ...{ url: '', region: REGION, credentials: CREDENTIALS, failNext: null },
    ...{ objects: new Map(), uploads: new Map(), requests: [] },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<unknown> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(req.url ?? '/', 'http://s3');
    s3.requests.push(`${req.method} ${url.pathname}${[...url.searchParams.keys()].map((key) => ` ${key}`).join('')}`);
    const failing = s3.failNext;
    if (failing !== null && failing.method === req.method) {
      const { status, code } = failing;
      s3.failNext = null;
      return refuse(res, status, code);
    }
    if (!isSigned(req, body)) return refuse(res, 403, 'SignatureDoesNotMatch');
    const [, inBucket, key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (inBucket !== bucket) return refuse(res, 404, 'NoSuchBucket');
    const q = url.searchParams;
    if (key === '') return q.has('uploads') ? listUploads(res, q) : listObjects(res, q);
    return q.has('uploads') || q.has('uploadId')
      ? multipart(req, res, { key, q, body })
      : object(req, res, { key, body });
  }

  function object(req: IncomingMessage, res: ServerResponse, { key, body }: { key: string; body: Buffer }): unknown {
    if (req.method === 'PUT') {
      s3.objects.set(key, { bytes: kept(body), size: body.length, contentType: req.headers['content-type'] ?? '' });
      res.setHeader('ETag', etag(body)).end();
      return;
    }
    if (req.method === 'DELETE') {
      s3.objects.delete(key);
      res.writeHead(204).end();
      return;
    }
    const found = s3.objects.get(key);
    if (!found) return refuse(res, 404, 'NoSuchKey', req.method === 'HEAD');
    sendObject(req, res, found);
  }

  function multipart(
    req: IncomingMessage,
    res: ServerResponse,
    { key, q, body }: { key: string; q: URLSearchParams; body: Buffer },
  ): unknown {
    if (q.has('uploads')) {
      const id = `upload-${count++}`;
      s3.uploads.set(id, {
        key,
        contentType: req.headers['content-type'] ?? '',
        begunAt: now(),
        parts: new Map(),
        bytes: 0,
      });
      return xml(
        res,
        `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    const id = q.get('uploadId') ?? '';
    const upload = s3.uploads.get(id);
    if (!upload) return refuse(res, 404, 'NoSuchUpload');
    if (req.method === 'PUT') {
      upload.parts.set(Number(q.get('partNumber')), kept(body));
      upload.bytes += body.length;
      res.setHeader('ETag', etag(body)).end();
      return;
    }
    s3.uploads.delete(id);
    if (req.method === 'DELETE') {
      res.writeHead(204).end();
      return;
    }
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) => Number(number));
    const bytes = Buffer.concat(named.map((number) => upload.parts.get(number) ?? Buffer.alloc(0)));
    s3.objects.set(key, { bytes, size: upload.bytes, contentType: upload.contentType });
    xml(
      res,
      `<CompleteMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${key}</Key><ETag>${etag(bytes)}</ETag></CompleteMultipartUploadResult>`,
    );
  }

  function listObjects(res: ServerResponse, q: URLSearchParams): void {
    const after = q.get('continuation-token') ?? '';
    const keys = [...s3.objects.keys()].filter((key) => key.startsWith(q.get('prefix') ?? '') && key > after).sort();
    const page = keys.slice(0, LISTED_AT_ONCE);
    const more = keys.length > page.length;
    const rows = page.map(
      (key) => `<Contents><Key>${key}</Key><Size>${s3.objects.get(key)?.bytes.length}</Size></Contents>`,
    );
    const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    xml(res, `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${rows.join('')}</ListBucketResult>`);
  }

  function listUploads(res: ServerResponse, q: URLSearchParams): void {
    const after = q.get('upload-id-marker') ?? '';
    const all = [...s3.uploads].filter(([id, { key }]) => key.startsWith(q.get('prefix') ?? '') && id > after);
    const page = all.slice(0, LISTED_AT_ONCE);
    const more = all.length > page.length;
    const rows = page.map(
      ([id, { key, begunAt }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${begunAt.toISOString()}</Initiated></Upload>`,
    );
    const next = more
      ? `<NextKeyMarker>${page.at(-1)?.[1].key}</NextKeyMarker><NextUploadIdMarker>${page.at(-1)?.[0]}</NextUploadIdMarker>`
      : '';
    xml(
      res,
      `<ListMultipartUploadsResult><IsTruncated>${more}</IsTruncated>${next}${rows.join('')}</ListMultipartUploadsResult>`,
    );
  }

  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  s3.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return s3;
}

function sendObject(
  req: IncomingMessage,
  res: ServerResponse,
  { bytes, contentType }: { bytes: Buffer; contentType: string },
): unknown {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '') ?? [];
  const first = Number(from ?? 0);
  const last = Math.min(to ? Number(to) : bytes.length - 1, bytes.length - 1);
  if (first > last && bytes.length > 0) return refuse(res, 416, 'InvalidRange');
  const part = bytes.subarray(first, last + 1);
  if (from !== undefined) res.setHeader('Content-Range', `bytes ${first}-${last}/${bytes.length}`);
  res.writeHead(from === undefined ? 200 : 206, {
    'Content-Type': contentType,
    'Content-Length': part.length,
    ETag: etag(bytes),
  });
  res.end(req.method === 'HEAD' ? undefined : part);
}

/** Signature version 4, over what the request says it covers; the body's hash where the request tells one. */
function isSigned(req: IncomingMessage, body: Buffer): boolean {
  const said =
    /Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})/.exec(
      req.headers.authorization ?? '',
    );
  const [, keyId, date = '', region = '', names = '', signature] = said ?? [];
  const bodyHash = String(req.headers['x-amz-content-sha256'] ?? '');
  if (keyId !== CREDENTIALS.accessKeyId || region !== REGION) return false;
  if (/^[0-9a-f]{64}$/.test(bodyHash) && bodyHash !== sha256(body)) return false;
  const [path = '', query = ''] = (req.url ?? '').split('?');
  const sorted =
    query === ''
      ? ''
      : query
          .split('&')
          .map((one) => (one.includes('=') ? one : `${one}=`))
          .sort()
          .join('&');
  const headers = names
    .split(';')
    .map(
      (name) =>
        `${name}:${String(req.headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' ')}\n`,
    )
    .join('');
  const request = [req.method, path, sorted, headers, names, bodyHash].join('\n');
  const text = [
    'AWS4-HMAC-SHA256',
    req.headers['x-amz-date'],
    `${date}/${region}/s3/aws4_request`,
    sha256(request),
  ].join('\n');
  const key = [date, region, 's3', 'aws4_request'].reduce<Buffer>(
    hmac,
    Buffer.from(`AWS4${CREDENTIALS.secretAccessKey}`),
  );
  return hmac(key, text).toString('hex') === signature;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function etag(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function xml(res: ServerResponse, body: string): void {
  res.writeHead(200, { 'Content-Type': 'application/xml' });
  res.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
}

function refuse(res: ServerResponse, status: number, code: string, withoutBody = false): void {
  res.writeHead(status, { 'Content-Type': 'application/xml' });
  res.end(
    withoutBody
      ? undefined
      : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  );
}
