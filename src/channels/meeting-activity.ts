import type { Reader } from '../lib/reader.ts';

/**
 * What an event keeps of a linked meeting: what people set, and nothing that came from Zoom, for events outlive the
 * connection.
 */
export type MeetingState = {
  number: string;
  name: string | null;
  from: string | null;
  until: string | null;
  mode: 'automatic' | 'ask';
  bring: { video: boolean; transcript: boolean; chat: boolean };
  visibility: 'published' | 'hidden';
  verified: boolean;
};

const FIELDS = ['name', 'from', 'until', 'mode', 'bring', 'visibility', 'verified'] as const;

/** The meeting as a sentence names it. */
export function meetingName({ number = '', name }: Partial<MeetingState>): string {
  const written = number.replace(/^(\d{3})(\d{4}(?=\d{4}$)|\d{3})(\d+)$/, '$1 $2 $3');
  return name ? `${name} (${written})` : written;
}

/** What was and what is, for what changed. */
export function meetingChanges(from: Partial<MeetingState>, to: Partial<MeetingState>, { t }: Reader) {
  return FIELDS.map((field) => ({
    name: t(`meetings.fields.${field}`),
    from: textOf(field, from, t),
    to: textOf(field, to, t),
  })).filter((change) => change.from !== change.to);
}

function textOf(field: (typeof FIELDS)[number], state: Partial<MeetingState>, t: Reader['t']): string {
  if (field === 'verified') return t(state.verified ? 'meetings.verified' : 'meetings.not-verified');
  if (field === 'bring') {
    const brought = (['video', 'transcript', 'chat'] as const).filter((what) => state.bring?.[what]);
    return brought.map((what) => t(`meetings.bring.${what}`)).join(', ') || t('meetings.bring.nothing');
  }
  if (field === 'mode') return t(`meetings.modes.${state.mode ?? 'ask'}.name`);
  if (field === 'visibility') return t(`meetings.visibilities.${state.visibility ?? 'hidden'}.name`);
  return state[field] ?? t(`meetings.unset.${field}`);
}
