import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import express, { type RequestHandler, Router } from 'express';

/** Files that pages load, all of them our own. */
export type Assets = {
  /** The URL of a file in `public/` or of a vendored one, with its content's hash: `asset('css/rostrum.css')`. */
  url(path: string): string;
  /** Serves them; to be mounted at `/assets`. */
  routes: RequestHandler;
};

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * `public/` and the vendored browser files. A URL that carries the right hash may be kept for ever; any other answer is
 * asked for again. With `cache` off, hashes follow edits.
 */
export function createAssets(deps: { folder: URL; cache: boolean }): Assets {
  const vendored = vendoredFiles();
  const hashes = new Map<string, string>();
  function hashOf(path: string): string | null {
    const known = hashes.get(path);
    if (known) return known;
    const file = vendored.get(path) ?? ownFile(deps.folder, path);
    if (!file) return null;
    const hash = createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 12);
    if (deps.cache) hashes.set(path, hash);
    return hash;
  }
  const routes = Router();
  routes.use((req, res, next) => {
    const given = req.query.v;
    const immutable = typeof given === 'string' && given === hashOf(req.path.slice(1));
    res.locals.assetCaching = immutable ? `public, max-age=${YEAR_MS / 1000}, immutable` : 'no-cache';
    next();
  });
  for (const [path, file] of vendored) {
    routes.get(`/${path}`, (_req, res) => {
      res.set('Cache-Control', String(res.locals.assetCaching));
      res.sendFile(fileURLToPath(file), { cacheControl: false });
    });
  }
  routes.use(
    express.static(fileURLToPath(deps.folder), {
      index: false,
      redirect: false,
      cacheControl: false,
      setHeaders: (res) => {
        res.setHeader('Cache-Control', String(res.locals.assetCaching));
      },
    }),
  );
  return {
    url(path) {
      const hash = hashOf(path);
      if (!hash) throw new Error(`There is no asset ${path}`);
      return `/assets/${path}?v=${hash}`;
    },
    routes,
  };
}

function vendoredFiles(): Map<string, URL> {
  const htmx = createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js');
  return new Map([['vendor/htmx.min.js', pathToFileURL(htmx)]]);
}

/**
 * A file in the folder by its plain path. Anything else is not even looked at: `//dev/stdin` leads out of the folder, and
 * reading it would never end.
 */
function ownFile(folder: URL, path: string): URL | null {
  if (!/^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/.test(path)) return null;
  const file = new URL(path, folder);
  return existsSync(file) && statSync(file).isFile() ? file : null;
}
