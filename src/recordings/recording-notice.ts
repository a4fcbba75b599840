import { z } from 'zod';
import type { NoticeText } from '../channels/channel-head-page.ts';
import type { Reader } from '../lib/reader.ts';
import { BIN_MS } from './recording.ts';

/** What a change of a recording ended in; said once, at the top of the page that comes after it. */
const NOTICES = [
  'renamed',
  'published',
  'unpublished',
  'approved',
  'refused',
  'moved',
  'moved-waits',
  'moved-to-library',
  'binned',
  'restored',
  'restored-to-library',
  'import-asked',
  'import-cancelled',
  'import-over',
  'changed-meanwhile',
  'not-possible',
] as const;

export type RecordingNotice = (typeof NOTICES)[number];

/** All of it is from closed sets: an address can be made by anybody. */
export const RECORDING_NOTICE = z.object({
  done: z.enum(NOTICES).nullable().catch(null),
  /** Which recording a button beside it is about. */
  of: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .nullable()
    .catch(null),
});

const UNWELCOME: ReadonlySet<RecordingNotice> = new Set<RecordingNotice>([
  'changed-meanwhile',
  'not-possible',
  'import-over',
  'refused',
]);

const DAY_MS = 86_400_000;

/** The notice as a page shows it; `undo` is where its button posts to, if there is one. */
export function recordingNotice(
  done: RecordingNotice | null,
  { t, number }: Reader,
  undo: string | null = null,
): NoticeText | null {
  if (done === null) return null;
  return {
    text: t(`recordings.notices.${done}`, { days: number(BIN_MS / DAY_MS) }),
    tone: UNWELCOME.has(done) ? 'warn' : 'good',
    action: undo === null ? null : { href: undo, text: t('notices.undo'), back: '' },
  };
}
