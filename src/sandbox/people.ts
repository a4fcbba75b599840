import { createHash } from 'node:crypto';
import { NAME_CULTURES } from './names.ts';

export type LmsFamily = 'canvas' | 'moodle';

/** A user of the sandbox LMS. Made from its number alone, so it is the same after every restart. */
export type SandboxPerson = {
  /** The subject of launches and the `user_id` of rosters: a UUID on Canvas, a decimal number on Moodle. */
  id: string;
  /** The LMS's internal number; Canvas sorts rosters by it. */
  number: number;
  givenName: string;
  familyName: string;
  email: string;
  username: string;
  /** The student information system's ID; on Moodle the "ID number". Empty when it has none. */
  sourcedId: string;
  /** Canvas's older opaque ID (40 hex digits): login hint and `lti11_legacy_user_id`. */
  legacyId: string;
  /** As a BCP 47 tag. */
  locale: string;
  timeZone: string;
  /** Administers the LMS, whatever the courses say. */
  siteAdmin: boolean;
  /** Canvas: roles elsewhere in the institution, which every launch repeats. */
  institutionRoles: string[];
};

/** The person with this number; `changes` sets single fields. */
export function createPerson(
  family: LmsFamily,
  number: number,
  changes: Partial<Omit<SandboxPerson, 'id' | 'number'>> = {},
): SandboxPerson {
  const digest = createHash('sha1').update(`${family} person ${number}`).digest();
  const culture = pick(NAME_CULTURES, digest.readUInt16BE(0));
  const username = `user${number}`;
  return {
    id: family === 'canvas' ? uuidFrom(digest) : String(number),
    number,
    givenName: pick(culture.given, digest.readUInt16BE(2)),
    familyName: pick(culture.family, digest.readUInt16BE(4)),
    email: `${username}@campus.example`,
    username,
    sourcedId: number % 16 === 6 ? '' : `S-${String(number).padStart(6, '0')}`,
    legacyId: opaqueId(`${family} legacy ${number}`),
    locale: culture.locale,
    timeZone: culture.timeZone,
    siteAdmin: false,
    institutionRoles: [],
    ...changes,
  };
}

/** First and last name as both LMSs join them. */
export function fullName(person: SandboxPerson): string {
  return `${person.givenName} ${person.familyName}`.trim();
}

/** Forty hexadecimal digits, as Canvas makes its opaque IDs. */
export function opaqueId(seed: string): string {
  return createHash('sha1').update(seed).digest('hex');
}

function pick<Item>(items: readonly Item[], seed: number): Item {
  return items[seed % items.length] as Item;
}

function uuidFrom(digest: Buffer): string {
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
