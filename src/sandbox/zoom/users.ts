import { createHash } from 'node:crypto';

/** A person with a Zoom account. */
export type ZoomUser = {
  /** The handle of tests and of the consent page: `ada`. */
  key: string;
  id: string;
  accountId: string;
  email: string;
  firstName: string;
  lastName: string;
  /** 1 Basic, 2 Licensed. */
  type: 1 | 2;
  /** Number of the personal room. */
  pmi: string;
  usePmi: boolean;
  /** IANA. */
  timezone: string;
  language: string;
  createdAt: number;
  /** `removed`: the account is no more. */
  status: 'active' | 'inactive' | 'removed';
  settings: {
    cloudRecording: boolean;
    audioTranscript: boolean;
    autoRecording: 'none' | 'cloud' | 'local';
    /** Days until recordings go to the trash, or null. */
    autoDeleteDays: number | null;
  };
};

export type NewZoomUser = { key: string } & Partial<Omit<ZoomUser, 'key' | 'settings'>> & {
    settings?: Partial<ZoomUser['settings']>;
  };

export type ZoomUsers = {
  list(): ZoomUser[];
  /** Throws when there is none with this key. */
  get(key: string): ZoomUser;
  /** By key, ID or e-mail; undefined when there is none. */
  find(value: string): ZoomUser | undefined;
  add(user: NewZoomUser): ZoomUser;
  reset(): void;
};

const ACCOUNT = 'campus';

/** Ada (Licensed) teaches in the sandbox's courses; Ben hosts others, Carl has a free account, Dora no transcripts. */
const SEED: NewZoomUser[] = [
  { key: 'ada', firstName: 'Ada', lastName: 'Ferreira', timezone: 'Europe/Lisbon', pmi: '2345678901' },
  { key: 'ben', firstName: 'Ben', lastName: 'Okafor', timezone: 'Africa/Lagos', pmi: '3456789012' },
  {
    ...{ key: 'carl', firstName: 'Carl', lastName: 'Lindqvist', timezone: 'Europe/Stockholm', pmi: '4567890123' },
    ...{ type: 1, accountId: idFrom('account carl'), settings: { cloudRecording: false, audioTranscript: false } },
  },
  {
    ...{ key: 'dora', firstName: 'Dora', lastName: 'Nakamura', timezone: 'Asia/Tokyo', pmi: '5678901234' },
    settings: { audioTranscript: false, autoDeleteDays: 120 },
  },
];

/** People of the sandbox's Zoom; the same after every restart. */
export function createZoomUsers(now: () => number): ZoomUsers {
  let users = seeded(now());
  const find = (value: string) => users.find(({ key, id, email }) => [key, id, email].includes(value));
  return {
    list: () => users,
    find,
    get(key) {
      const user = users.find((one) => one.key === key);
      if (!user) throw new Error(`The sandbox's Zoom has nobody called ${key}`);
      return user;
    },
    add(user) {
      if (find(user.key)) throw new Error(`The sandbox's Zoom has a ${user.key} already`);
      const added = complete(user, now());
      users.push(added);
      return added;
    },
    reset() {
      users = seeded(now());
    },
  };
}

/** Twenty-two characters, as Zoom's IDs have. */
function idFrom(seed: string): string {
  return createHash('sha256').update(seed).digest('base64url').slice(0, 22);
}

function seeded(now: number): ZoomUser[] {
  return SEED.map((user) => complete(user, now));
}

function complete({ settings, ...user }: NewZoomUser, now: number): ZoomUser {
  return {
    id: idFrom(`user ${user.key}`),
    accountId: idFrom(`account ${ACCOUNT}`),
    email: `${user.key}@campus.example`,
    firstName: user.key,
    lastName: 'Example',
    type: 2,
    pmi: pmiFrom(user.key),
    usePmi: false,
    timezone: 'UTC',
    language: 'en-US',
    createdAt: now - 400 * 86_400_000,
    status: 'active',
    ...user,
    settings: { cloudRecording: true, audioTranscript: true, autoRecording: 'none', autoDeleteDays: null, ...settings },
  };
}

function pmiFrom(key: string): string {
  const number = createHash('sha256').update(`room ${key}`).digest().readUInt32BE(0);
  return `6${String(number % 1_000_000_000).padStart(9, '0')}`;
}
