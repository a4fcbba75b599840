import { z } from 'zod';
import { wellFormed } from '../lib/fold.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import type { ZoomProfile } from './connection.ts';
import { personalLinkIn } from './zoom-address.ts';
import type { ZoomFile, ZoomMeeting, ZoomRecording } from './zoom-api.ts';
import { withoutPasscode } from './zoom-hosts.ts';

// Nearly every field of Zoom's can be missing, and the same one comes as a number here and as text there. A field that makes
// no sense counts as missing; what cannot be without is said in each reader.
const text = z.string().optional().catch(undefined);
const time = z.string().transform(readTime).catch(null).default(null);
const amount = z.coerce.number().finite().nonnegative().catch(0).default(0);
const digits = z
  .union([z.number().int().nonnegative(), z.string().regex(/^\d+$/)])
  .transform(String)
  .catch('')
  .default('');
const list = z.array(z.unknown()).catch([]).default([]);

/** What was read of a list, and how many of its rows made no sense. */
export type Rows<Row> = { rows: Row[]; skipped: number };

const profileAnswer = z.object({
  id: z.string().min(1),
  account_id: z.string().catch('').default(''),
  email: text,
  first_name: text,
  last_name: text,
  display_name: text,
  type: z.number().optional().catch(undefined),
  pmi: digits,
  vanity_url: text,
  personal_meeting_url: text,
  timezone: text,
  created_at: time,
});

/** Null when the answer does not say who it is about. */
export function readProfile(answer: unknown): ZoomProfile | null {
  const read = profileAnswer.safeParse(answer);
  if (!read.success) return null;
  const { id, account_id, email, type, pmi, timezone, created_at, vanity_url, personal_meeting_url } = read.data;
  return {
    zoomUserId: id,
    accountId: account_id,
    name: nameOf(read.data),
    email: email ? oneLine(email) : null,
    plan: type === 1 ? 'basic' : type === 2 ? 'licensed' : 'unknown',
    personalRoom: pmi || null,
    personalLink: personalLinkIn(vanity_url) ?? personalLinkIn(personal_meeting_url),
    timeZone: zoneOf(timezone),
    memberSince: created_at,
  };
}

const meetingRow = z.object({
  id: digits,
  uuid: text,
  host_id: text,
  topic: text,
  type: z.coerce.number().optional().catch(undefined),
  start_time: time,
  duration: amount,
  timezone: text,
  join_url: text,
  occurrences: list,
});

const occurrenceRow = z.object({ start_time: time, duration: amount, status: text });

/** Null when it has no number. Passcodes and the host's own links are left where they are. */
export function readMeeting(answer: unknown, at: { apiUrl: string; now: number }): ZoomMeeting | null {
  const read = meetingRow.safeParse(answer);
  if (!read.success || read.data.id === '') return null;
  const row = read.data;
  return {
    number: row.id,
    uuid: row.uuid || null,
    hostId: row.host_id || null,
    topic: oneLine(row.topic),
    type: row.type ?? null,
    startsAt: row.start_time,
    durationMs: row.duration * MINUTE,
    timeZone: zoneOf(row.timezone),
    joinUrl: withoutPasscode(row.join_url, at.apiUrl),
    occurrences: row.occurrences.flatMap((each) => coming(each, at.now)).sort((a, b) => a.startsAt - b.startsAt),
  };
}

/** Null when it has no ID or no start: it could be neither fetched nor put in order. `ownerId` hosts what names no host. */
export function readRecording(answer: unknown, ownerId: string): ZoomRecording | null {
  const read = recordingRow.safeParse(answer);
  if (!read.success) return null;
  const row = read.data;
  const files = row.recording_files.flatMap(readFile);
  const firstFile = Math.min(...files.flatMap(({ startedAt }) => startedAt ?? []));
  const startedAt = row.start_time ?? (Number.isFinite(firstFile) ? firstFile : null);
  if (startedAt === null) return null;
  return {
    uuid: row.uuid,
    number: row.id,
    hostId: row.host_id || ownerId,
    topic: oneLine(row.topic),
    startedAt,
    timeZone: zoneOf(row.timezone),
    durationMs: row.duration * MINUTE,
    bytes: row.total_size || files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    deletesOn: row.auto_delete === false ? null : (/^\d{4}-\d{2}-\d{2}/.exec(row.auto_delete_date ?? '')?.[0] ?? null),
    files,
  };
}

const recordingRow = z.object({
  uuid: z.string().min(1).max(200),
  id: digits,
  host_id: text,
  topic: text,
  start_time: time,
  timezone: text,
  duration: amount,
  total_size: amount,
  auto_delete: z.boolean().optional().catch(undefined),
  auto_delete_date: text,
  recording_files: list,
});

const fileRow = z.object({
  id: text,
  file_type: text,
  recording_type: text,
  file_extension: text,
  file_size: z.number().int().nonnegative().nullable().catch(null).default(null),
  status: text,
  recording_start: time,
  recording_end: time,
  download_url: text,
});

function readFile(answer: unknown): ZoomFile[] {
  const read = fileRow.safeParse(answer);
  if (!read.success) return [];
  const row = read.data;
  const type = (row.file_type || row.file_extension || 'UNKNOWN').toUpperCase();
  const sourceId = row.id || `${type}:${row.recording_start ?? ''}`;
  return [
    {
      sourceId,
      type,
      layout: row.recording_type || null,
      extension: (row.file_extension || type).toUpperCase(),
      bytes: row.file_size,
      processing: row.status === 'processing',
      startedAt: row.recording_start,
      endedAt: row.recording_end,
      downloadUrl: row.download_url || null,
    },
  ];
}

const transcriptAnswer = z.object({
  can_download: z.boolean().optional().catch(undefined),
  download_url: text,
  download_restriction_reason: text,
});

export function readTranscript(answer: unknown): 'ready' | 'not-ready' | 'none' {
  const read = transcriptAnswer.safeParse(answer);
  const said = read.success ? read.data : {};
  if (said.download_url && said.can_download !== false) return 'ready';
  return said.download_restriction_reason?.toUpperCase() === 'NOT_READY' ? 'not-ready' : 'none';
}

const listAnswer = z
  .object({
    next_page_token: text,
    from: z.iso.date().optional().catch(undefined),
    total_records: z.number().optional().catch(undefined),
    meetings: z.array(z.unknown()).optional(),
  })
  // Without its rows it is an empty list only if it says so: else what was there would seem to be gone.
  .refine(({ meetings, total_records }) => meetings !== undefined || total_records === 0);

/** A page of a list as it came: its rows, the token of the next page, and the first day it is about. */
export type ListPage = { rows: unknown[]; next: string; from: string | null };

/** Null when it is no list. */
export function readList(answer: unknown): ListPage | null {
  const read = listAnswer.safeParse(answer);
  if (!read.success) return null;
  const { meetings = [], next_page_token = '', from = null } = read.data;
  return { rows: meetings, next: next_page_token, from };
}

/** Reads each row; the ones that make no sense are left out and counted. */
export function readRows<Row>(rows: readonly unknown[], readRow: (row: unknown) => Row | null): Rows<Row> {
  const read = rows.map(readRow).filter((row) => row !== null);
  return { rows: read, skipped: rows.length - read.length };
}

const MINUTE = 60_000;
const LONGEST_TOPIC = 300;

// Times are UTC; some come without the letter that says so.
function readTime(told: string): number | null {
  const at = Date.parse(/T[\d:.]+$/.test(told) ? `${told}Z` : told);
  return Number.isFinite(at) ? at : null;
}

function coming(answer: unknown, now: number): { startsAt: number; durationMs: number }[] {
  const read = occurrenceRow.safeParse(answer);
  if (!read.success || read.data.start_time === null || read.data.status === 'deleted') return [];
  const { start_time: startsAt, duration } = read.data;
  return startsAt + duration * MINUTE >= now ? [{ startsAt, durationMs: duration * MINUTE }] : [];
}

function nameOf(row: {
  display_name?: string | undefined;
  first_name?: string | undefined;
  last_name?: string | undefined;
}) {
  const { display_name, first_name, last_name } = row;
  return oneLine(display_name) || oneLine([first_name, last_name].filter(Boolean).join(' ')) || null;
}

function zoneOf(name: string | undefined): string | null {
  return name && isTimeZone(name) ? name : null;
}

function oneLine(told: string | undefined): string {
  const line = wellFormed(told ?? '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return line.length > LONGEST_TOPIC ? [...line].slice(0, LONGEST_TOPIC).join('') : line;
}
