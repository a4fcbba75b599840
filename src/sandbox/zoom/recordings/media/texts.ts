import { CHAT_LINES, LINES } from './lines.ts';

export type Speakers = { host: string; student: string };

const CUE_MS = 7500;
const PAUSE_MS = 500;

/** A transcript as Zoom writes it: numbered cues, who speaks as a prefix of the text. Something is said until the end. */
export function transcriptText(ms: number, speakers: Speakers, first = 0): string {
  const cues = Array.from({ length: Math.max(1, Math.floor(ms / CUE_MS)) }, (_, index) => {
    const [speaker, line] = LINES[(first + index) % LINES.length] as (typeof LINES)[number];
    const start = index * CUE_MS;
    const end = Math.min(ms, start + CUE_MS - PAUSE_MS);
    return `${index + 1}\r\n${timeOf(start)} --> ${timeOf(end)}\r\n${speakers[speaker]}: ${line}\r\n`;
  });
  return `WEBVTT\r\n\r\n${cues.join('\r\n')}`;
}

/** Captions that were shown during the meeting: as a transcript, but without speakers. */
export function captionsText(ms: number): string {
  return transcriptText(ms, { host: '', student: '' }).replaceAll(/^: /gm, '');
}

/** The chat that Zoom saved: time since the beginning, name and text, parted by tabs. */
export function chatText(ms: number, { host, student }: Speakers): string {
  return CHAT_LINES.map((line, index) => {
    const at = timeOf(Math.floor((ms * (index + 1)) / (CHAT_LINES.length + 1))).slice(0, 8);
    return `${at}\t ${index % 2 === 0 ? student : host}:\t${line}\r\n`;
  }).join('');
}

/** Who spoke when, as JSON. */
export function timelineText(ms: number, { host, student }: Speakers): string {
  const timeline = Array.from({ length: Math.max(1, Math.floor(ms / 60_000)) }, (_, minute) => ({
    ts: timeOf(minute * 60_000),
    users: [{ username: minute % 3 === 2 ? student : host, multiple_people: false, user_id: '', zoom_userid: '' }],
  }));
  return JSON.stringify({ timeline });
}

/** A poll's answers as a table. */
export function pollText({ student }: Speakers): string {
  return `Poll Report\r\n#,User Name,Question,Answer\r\n1,${student},"Clear so far?",Yes\r\n2,=HYPERLINK("x"),"Clear so far?",No\r\n`;
}

/** A summary as JSON. */
export function summaryText(topic: string): string {
  return JSON.stringify({
    overall_summary: `About ${topic}.`,
    items: [{ label: 'Energy', summary: 'How cells get it.' }],
  });
}

// Not by a Date: a long transcript has more than a thousand of these.
function timeOf(ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const seconds = `${two((ms / 1000) % 60)}.${String(Math.floor(ms % 1000)).padStart(3, '0')}`;
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${seconds}`;
}
