import type { Request } from 'express';
import type { Reader } from '../lib/reader.ts';
import { contextOf, kitOf } from './request-context.ts';

/** The reader behind a request. */
export function readerOf(req: Request): Reader {
  const { t, locale, timeZone } = contextOf(req);
  const { texts, readers, clock } = kitOf(req);
  return readers({ t, locale: texts.spoken(locale).lang, timeZone, now: clock() });
}
