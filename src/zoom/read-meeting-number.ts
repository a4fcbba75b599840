import { failure, type Result, success } from '../lib/result.ts';
import { type ZoomAddress, zoomAddressesIn } from './zoom-address.ts';

/** What a person meant by what they pasted. Passcodes are left behind here: nothing of them goes further. */
export type PastedMeeting =
  | { kind: 'number'; number: string; joinUrl: string }
  /** `zoom.us/my/<name>` holds no number; only the profile of whom it belongs to has it. */
  | { kind: 'personal-link'; name: string };

export type UnreadableMeeting =
  | 'empty'
  | 'no-number'
  | 'wrong-length'
  | 'several-numbers'
  | 'recording-link'
  | 'registration-link'
  | 'other-site';

const LONGEST = 20_000;

/**
 * Reads a number as people write it, a link of any of Zoom's forms, or a whole invitation. In an invitation stand phone
 * numbers and passcodes too, so a link counts first, then what is called "Meeting ID", then what is dialled, and only then
 * digits that stand alone. `trial` is where a site's own Zoom for trying things is, whose links are read as well.
 */
export function readMeetingNumber(text: string, trial: string | null = null): Result<PastedMeeting, UnreadableMeeting> {
  const plain = plainText(text.slice(0, LONGEST));
  if (plain === '') return failure('empty');
  const { zoom, foreign } = zoomAddressesIn(plain, trial);
  const linked = distinct(zoom.filter((address) => address.kind === 'number'));
  if (linked.length > 1) return failure('several-numbers');
  if (linked[0]) return success(linked[0]);
  const labelled = labelledNumber(plain);
  if (labelled !== null) return success(withoutAddress(labelled));
  const [other] = zoom;
  if (other) return ofAddress(other);
  return foreign > 0 ? failure('other-site') : bareNumber(plain);
}

/** The number as Zoom writes it: `123 4567 8901`. */
export function formatMeetingNumber(number: string): string {
  const middle = number.length === 11 ? 7 : 6;
  return [number.slice(0, 3), number.slice(3, middle), number.slice(middle)].join(' ');
}

export function isMeetingNumber(text: string): boolean {
  return /^[1-9]\d{8,10}$/.test(text);
}

/** Where people join by a number alone. */
export function joinUrlOf(number: string, host = 'zoom.us'): string {
  return `https://${host}/j/${number}`;
}

const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const DASHES = /[\p{Pd}\u2212\u00b7\u2022]/gu;
const DIGIT_ZEROS = [0x0660, 0x06f0, 0x0966];

/** Digits of any width as `0` to `9`, dashes as `-`, blanks as spaces; lines stay lines. */
function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\r\n?/g, '\n')
    .replace(INVISIBLE, '')
    .replace(DASHES, '-')
    .replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/g, asciiDigit)
    .replace(/[^\S\n]+/g, ' ')
    .trim();
}

function asciiDigit(digit: string): string {
  const code = digit.charCodeAt(0);
  const zero = DIGIT_ZEROS.find((start) => code >= start && code < start + 10) ?? code;
  return String(code - zero);
}

/** Several links to one meeting are one; the first tells where it is joined. */
function distinct<Address extends ZoomAddress & { kind: 'number' }>(addresses: readonly Address[]): Address[] {
  return addresses.filter(({ number }, i) => addresses.findIndex((one) => one.number === number) === i);
}

function ofAddress(address: ZoomAddress): Result<PastedMeeting, UnreadableMeeting> {
  if (address.kind === 'number' || address.kind === 'personal-link') return success(address);
  return failure(address.kind === 'other' ? 'no-number' : address.kind);
}

/** Nine to eleven digits, in groups or not. */
const GROUPED = String.raw`[1-9](?:[ .-]?\d){8,10}(?![ .-]?\d)`;
const LABELLED = new RegExp(String.raw`(?:\bID\b|\bnumber\b|会议号|會議號|회의 ID)[^\d\n+]{0,30}(${GROUPED})`, 'iu');
/** What a phone dials after it is connected: `+13017158592,,12345678901#`. */
const DIALLED = /,,([1-9]\d{8,10})#/;
/** A room system's address. */
const ROOM_SYSTEM = /\b([1-9]\d{8,10})(?:\.\d{1,10})?@zoomcrc\.com\b/i;

function labelledNumber(text: string): string | null {
  const found = LABELLED.exec(text) ?? DIALLED.exec(text) ?? ROOM_SYSTEM.exec(text);
  return found?.[1]?.replace(/\D/g, '') ?? null;
}

const NEVER_THE_NUMBER = /(?:\+[\d ().-]+)|(?:(?:pass(?:code|word)?|pwd|code|pin|kenncode)\b[^\d\n]{0,12}\d+)/giu;

function bareNumber(text: string): Result<PastedMeeting, UnreadableMeeting> {
  const groups = text.replace(NEVER_THE_NUMBER, '\n').match(/\d(?:[ .-]{0,3}\d)*/g) ?? [];
  const found = [...new Set(groups.map((group) => group.replace(/\D/g, '')))];
  const numbers = found.filter(isMeetingNumber);
  if (numbers.length > 1) return failure('several-numbers');
  if (numbers[0]) return success(withoutAddress(numbers[0]));
  return failure(found.some((digits) => digits.length > 5) ? 'wrong-length' : 'no-number');
}

function withoutAddress(number: string): PastedMeeting {
  return { kind: 'number', number, joinUrl: joinUrlOf(number) };
}
