import type { ConnectionId } from './connection.ts';
import { type ListPage, readList } from './zoom-answers.ts';
import type { ZoomAnswer, ZoomCall, ZoomMeeting } from './zoom-api.ts';
import type { ZoomCalls } from './zoom-calls.ts';
import type { Ask } from './zoom-sending.ts';

export type ListAsk = Ask & {
  mostPages: number;
  /** More pages than that are a fault; else they are left out. */
  all: boolean;
};

const PAGE_SIZE = '300';

/**
 * All rows of a list, page after page. One page that fails, or a walk that goes in circles, fails the whole: what is read of
 * half a list would look like things that went away.
 */
export async function readPages(
  calls: Pick<ZoomCalls, 'get'>,
  id: ConnectionId,
  ask: ListAsk,
  call: ZoomCall,
): Promise<ZoomAnswer<Omit<ListPage, 'next'>>> {
  const rows: unknown[] = [];
  const seen = new Set<string>();
  let token = '';
  while (!seen.has(token)) {
    if (seen.size >= ask.mostPages)
      return ask.all ? fault('too many pages') : { ok: true, value: { rows, from: null } };
    seen.add(token);
    const answer = await calls.get(id, askPage(ask, token), call);
    if (!answer.ok) return answer;
    const page = readList(answer.value);
    if (!page) return fault('the answer is no list');
    for (const row of page.rows) rows.push(row);
    if (!page.next) return { ok: true, value: { rows, from: page.from } };
    token = page.next;
  }
  return fault('the pages go in circles');
}

/** All rows of some days. Zoom may cut off the older part of them without a word; that part is asked for as well. */
export async function readDays(
  calls: Pick<ZoomCalls, 'get'>,
  id: ConnectionId,
  { from, to, number, ...ask }: ListAsk & { from: string; to: string; number?: string },
  call: ZoomCall,
): Promise<ZoomAnswer<unknown[]>> {
  const rows: unknown[] = [];
  for (let last = to, first = ''; first !== from; last = first) {
    const query = { from, to: last, ...(number ? { meeting_id: number } : {}) };
    const answer = await readPages(calls, id, { ...ask, query }, call);
    if (!answer.ok) return answer;
    for (const row of answer.value.rows) rows.push(row);
    first = later(answer.value.from, from);
    if (first >= last && first !== from) return fault('the list is not about the days that were asked for');
  }
  return { ok: true, value: rows };
}

function later(told: string | null, asked: string): string {
  return told !== null && told > asked ? told : asked;
}

function askPage(ask: Ask, token: string): Ask {
  return { ...ask, query: { ...ask.query, page_size: PAGE_SIZE, ...(token ? { next_page_token: token } : {}) } };
}

function fault(detail: string): ZoomAnswer<never> {
  return { ok: false, reason: 'fault', detail };
}

/**
 * One meeting of each number. Zoom lists a recurring one once or once for each class, which differs by the kind of list. The
 * next start is told where there is one, else the last; soonest first, those without a time after them, past ones at the end.
 */
export function mergeMeetings(rows: readonly ZoomMeeting[], now: number): ZoomMeeting[] {
  const byNumber = new Map<string, ZoomMeeting[]>();
  for (const row of rows) byNumber.set(row.number, [...(byNumber.get(row.number) ?? []), row]);
  return [...byNumber.values()].map((same) => mergeSame(same, now)).sort((a, b) => compareStarts(a, b, now));
}

function mergeSame(rows: ZoomMeeting[], now: number): ZoomMeeting {
  const [first] = rows as [ZoomMeeting, ...ZoomMeeting[]];
  const told = rows.flatMap(({ startsAt, durationMs, occurrences }) => [
    ...(startsAt === null ? [] : [{ startsAt, durationMs }]),
    ...occurrences,
  ]);
  const times = [...new Map(told.map((each) => [each.startsAt, each])).values()].sort(
    (a, b) => a.startsAt - b.startsAt,
  );
  const coming = times.filter(({ startsAt, durationMs }) => startsAt + durationMs >= now);
  const shown = coming[0] ?? times.at(-1);
  const occurrences = isRecurring(first, coming.length) ? coming : [];
  return { ...first, ...(shown ? shown : { startsAt: null }), occurrences };
}

function isRecurring({ type }: ZoomMeeting, coming: number): boolean {
  return type === 3 || type === 8 || type === 9 || coming > 1;
}

function compareStarts(a: ZoomMeeting, b: ZoomMeeting, now: number): number {
  const group = (each: ZoomMeeting) => {
    if (each.startsAt === null) return 1;
    return each.startsAt + each.durationMs >= now ? 0 : 2;
  };
  const [mine, other] = [group(a), group(b)];
  if (mine !== other) return mine - other;
  return mine === 2 ? (b.startsAt ?? 0) - (a.startsAt ?? 0) : (a.startsAt ?? 0) - (b.startsAt ?? 0);
}
