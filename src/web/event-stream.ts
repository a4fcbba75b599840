import type { Request, Response } from 'express';
import { sleep } from '../lib/clock.ts';
import { kitOf } from './request-context.ts';

/** One server-sent event; `data` goes out as JSON. */
export type StreamEvent = { event: string; data: object; last: boolean };

const HEARTBEAT_MS = 15_000;

type Stream = {
  next: () => Promise<StreamEvent | null>;
  everyMs: number;
  forMs: number;
  stopping: AbortSignal | null;
};

/**
 * Streams what `next` returns every `everyMs`, each change once, until one is the last, `forMs` are over (the browser
 * then connects again, and is checked again), the reader leaves, or `stopping` aborts. Null from `next` ends it, too.
 */
export async function streamEvents(req: Request, res: Response, stream: Stream): Promise<void> {
  const left = new AbortController();
  res.on('close', () => left.abort());
  const signal = stream.stopping ? AbortSignal.any([left.signal, stream.stopping]) : left.signal;
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  res.flushHeaders();
  res.write('retry: 1000\n\n');
  req.socket.setNoDelay(true);
  const closed = kitOf(req).watch?.streamOpened();
  try {
    await sendEvents(res, stream, signal);
  } finally {
    closed?.();
  }
  res.end();
}

async function sendEvents(res: Response, stream: Stream, signal: AbortSignal): Promise<void> {
  let said = '';
  let quietMs = 0;
  for (let spentMs = 0; spentMs < stream.forMs && !signal.aborted; spentMs += stream.everyMs) {
    const event = await stream.next();
    if (event === null || signal.aborted) return;
    const text = `event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`;
    quietMs += stream.everyMs;
    if (text !== said) res.write(text);
    else if (quietMs >= HEARTBEAT_MS) res.write(': still here\n\n');
    if (text !== said || quietMs >= HEARTBEAT_MS) quietMs = 0;
    said = text;
    if (event.last) return;
    await sleep(stream.everyMs, signal).catch(() => undefined);
  }
}
