import type { Request } from 'express';
import { createReader, type Reader } from '../lib/reader.ts';
import { contextOf, kitOf } from './request-context.ts';

/** The reader behind a request. */
export function readerOf(req: Request): Reader {
  const { t, locale, timeZone } = contextOf(req);
  const { texts, clock } = kitOf(req);
  return createReader({ t, locale: texts.spoken(locale).lang, timeZone, now: clock() });
}
