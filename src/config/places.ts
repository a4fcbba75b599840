import { join, resolve } from 'node:path';
import { readMongoUrl } from './mongo-url.ts';
import type { Reader } from './reader.ts';
import { isLoopback, type Parsed, right, wrong } from './values.ts';

/** Where the product is reached and where it keeps its data. */
export type Place = {
  /** An origin without a trailing slash, such as `https://rostrum.example.edu`. */
  publicUrl: string;
  dataDir: string;
  database: DatabasePlace;
};

/** Which database, safe to log: the address of a MongoDB is a secret, its `place` (`host1,host2/name`) is not. */
export type DatabasePlace = { engine: 'sqlite'; path: string } | { engine: 'mongo'; place: string };

/** What is opened: `url` may carry a password. */
export type DatabaseAddress =
  | Extract<DatabasePlace, { engine: 'sqlite' }>
  | (Extract<DatabasePlace, { engine: 'mongo' }> & { url: string });

/** Where recordings are kept: a folder, or a bucket of S3. */
export type FilePlace = { engine: 'disk'; path: string } | { engine: 's3'; bucket: string; prefix: string };

export function readPlace(reader: Reader, { production, port }: { production: boolean; port: number }): Place {
  const dataDir = resolve(reader.text('DATA_DIR') ?? 'data');
  const address = reader.read('DATABASE_URL', readDatabaseAddress, inFolder(dataDir));
  return {
    publicUrl: readPublicUrl(reader, { production, port }),
    dataDir,
    database: address.engine === 'mongo' ? { engine: 'mongo', place: address.place } : address,
  };
}

function inFolder(dataDir: string): DatabaseAddress {
  return { engine: 'sqlite', path: join(dataDir, 'rostrum.sqlite') };
}

/** Reads `sqlite:PATH` or the address of a MongoDB. */
export function readDatabaseAddress(text: string): Parsed<DatabaseAddress> {
  if (/^mongodb(\+srv)?:/i.test(text)) {
    const read = readMongoUrl(text);
    return read.ok ? right({ engine: 'mongo', ...read.value }) : read;
  }
  const read = sqlitePath(text);
  return read.ok ? right({ engine: 'sqlite', path: read.value }) : read;
}

/** What to open: the place in the settings, with the address that is kept apart from them. */
export function databaseAddress(
  { database }: Pick<Place, 'database'>,
  { databaseUrl }: { databaseUrl: string | null },
): DatabaseAddress {
  if (database.engine === 'sqlite') return database;
  if (databaseUrl === null) throw new Error('A MongoDB in the settings has no address among the secrets');
  return { ...database, url: databaseUrl };
}

export function readFiles(reader: Reader): FilePlace {
  return reader.read('FILES', filePlace, { engine: 'disk', path: resolve(reader.text('DATA_DIR') ?? 'data', 'files') });
}

function readPublicUrl(reader: Reader, { production, port }: { production: boolean; port: number }): string {
  if (production && reader.text('PUBLIC_URL') === null) {
    reader.fault(
      'PUBLIC_URL',
      'is not set; set the address people and the LMS use, such as https://rostrum.example.edu',
    );
  }
  const publicUrl = reader.read('PUBLIC_URL', origin, `http://localhost:${port}`);
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:' || isLoopback(hostname)) return publicUrl;
  if (production) {
    reader.fault('PUBLIC_URL', 'starts with http://; in production it has to start with https://');
  } else {
    // Browsers keep `Secure` cookies for http://localhost, but for no other plain address.
    reader.warn(
      'PUBLIC_URL',
      'starts with http:// and is not localhost; browsers will not keep sessions, use https://',
    );
  }
  return publicUrl;
}

function origin(text: string): Parsed<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    return wrong('is not a URL; write one such as https://rostrum.example.edu');
  if (url.username || url.password) return wrong('carries a user name or password; leave them out');
  if (url.pathname !== '/' || url.search || url.hash || /[?#]$/.test(text)) {
    return wrong('has a path or a query; write the origin alone, such as https://rostrum.example.edu');
  }
  return right(url.origin);
}

function sqlitePath(text: string): Parsed<string> {
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/i.exec(text)?.[1];
  if (!path) return wrong('is not a database address; leave it empty, or set sqlite:PATH or mongodb://HOST/NAME');
  if (path.startsWith(':memory:')) {
    return wrong('asks for a database in memory, which is lost at every stop; set sqlite:PATH');
  }
  return right(resolve(path));
}

function filePlace(text: string): Parsed<FilePlace> {
  const path = /^disk:(.+)$/i.exec(text)?.[1];
  if (path) return right({ engine: 'disk', path: resolve(path) });
  const [, bucket, prefix] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket) return right({ engine: 's3', bucket, prefix: (prefix ?? '').replace(/^\/+|\/+$/g, '') });
  return wrong('is not a place for files; set disk:PATH or s3://bucket/prefix');
}
