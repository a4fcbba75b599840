import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Clock } from '../../../lib/clock.ts';
import { refuse } from './answers.ts';

export type Paged<Row> = {
  rows: Row[];
  /** The fields beside the rows. */
  fields: { next_page_token: string; page_count: number; page_size: number; total_records: number };
};

const TOKEN_LIFE_MS = 15 * 60_000;
const TOKEN = z.object({ from: z.number(), until: z.number(), of: z.string() });

/** Pages of lists: 30 rows if not asked otherwise, 300 at most; tokens are good for 15 minutes and for their own query. */
export function createPager(now: Clock) {
  return <Row>(req: Request, res: Response, rows: Row[]): Paged<Row> | null => {
    const { searchParams, pathname } = new URL(req.originalUrl, 'http://zoom');
    const size = Number(searchParams.get('page_size') ?? 30);
    if (!Number.isInteger(size) || size < 1 || size > 300) {
      const errors = [{ field: 'page_size', message: 'Must be an integer from 1 to 300.' }];
      refuse(res, 400, 300, 'Validation Failed.', errors);
      return null;
    }
    const token = searchParams.get('next_page_token') ?? '';
    searchParams.delete('next_page_token');
    const of = `${pathname}?${searchParams}`;
    const start = token === '' ? 0 : readToken(token, of, now());
    if (start === null) {
      refuse(res, 400, 300, 'The next page token is invalid or expired.');
      return null;
    }
    const from = start + size;
    const next = from < rows.length ? writeToken({ from, of, until: now() + TOKEN_LIFE_MS }) : '';
    return {
      rows: rows.slice(start, from),
      fields: {
        next_page_token: next,
        page_count: Math.ceil(rows.length / size),
        page_size: size,
        total_records: rows.length,
      },
    };
  };
}

function writeToken(content: z.infer<typeof TOKEN>): string {
  return Buffer.from(JSON.stringify(content)).toString('base64url');
}

function readToken(token: string, of: string, now: number): number | null {
  try {
    const read = TOKEN.parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
    return read.of === of && read.until > now ? read.from : null;
  } catch {
    return null;
  }
}
