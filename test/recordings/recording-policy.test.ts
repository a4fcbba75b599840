import { describe, expect, it } from 'vitest';
import type { ChannelRules } from '../../src/channels/channel-policy.ts';
import type { PermissionLevel } from '../../src/channels/permission-level.ts';
import { RECORDING_RIGHTS, recordingRights } from '../../src/recordings/recording-policy.ts';
import { makePart, makeRecording } from '../storage/support/recordings.ts';

const PRIVATE: ChannelRules = { privacy: 'private', contributionPolicy: 'contributors', ownerId: null };
const OPEN: ChannelRules = { ...PRIVATE, privacy: 'open' };
const RESTRICTED: ChannelRules = { ...PRIVATE, privacy: 'restricted' };

const shown = makeRecording('shown');
const STATES = {
  shown,
  hidden: { ...shown, visibility: 'hidden' },
  waiting: { ...shown, review: 'waiting' },
  refused: { ...shown, review: 'refused' },
  binned: { ...shown, deletedAt: 1 },
  coming: { ...shown, parts: [makePart({ video: null })], import: { ...shown.import, state: 'running' } },
} as const;

type State = keyof typeof STATES;

const KEPT = 'view edit publish move bin';
const MODERATED = {
  shown: KEPT,
  hidden: KEPT,
  waiting: `${KEPT} review`,
  refused: `${KEPT} review`,
  binned: 'restore',
  coming: KEPT,
};
const OWNED = each(all(KEPT), 'steerImport');
const TAKEN_BACK = 'view move bin';
const LOOKS: Record<State, string> = { shown: 'view', hidden: '', waiting: '', refused: '', binned: '', coming: '' };
const NOTHING: Record<State, string> = { ...LOOKS, shown: '' };

function each(rights: Record<State, string>, more: string): Record<State, string> {
  return Object.fromEntries(
    Object.entries(rights).map(([state, list]) => [state, state === 'binned' ? list : `${list} ${more}`]),
  ) as Record<State, string>;
}

function all(list: string): Record<State, string> {
  return { shown: list, hidden: list, waiting: list, refused: list, binned: 'restore', coming: list };
}

const TABLE: [
  string,
  { level: PermissionLevel | null; owns: boolean; channel: ChannelRules | null },
  Record<State, string>,
][] = [
  ['a manager', { level: 'manager', owns: false, channel: PRIVATE }, each(MODERATED, 'seeViews')],
  ['a moderator', { level: 'moderator', owns: false, channel: PRIVATE }, MODERATED],
  ['a contributor, of somebody else’s', { level: 'contributor', owns: false, channel: PRIVATE }, LOOKS],
  ['a contributor, of their own', { level: 'contributor', owns: true, channel: PRIVATE }, OWNED],
  ['a member', { level: 'member', owns: false, channel: PRIVATE }, LOOKS],
  [
    'a member who may contribute no more, of their own',
    { level: 'member', owns: true, channel: PRIVATE },
    all(TAKEN_BACK),
  ],
  ['a visitor of a private channel', { level: null, owns: false, channel: PRIVATE }, NOTHING],
  ['its owner who is out of a private channel', { level: null, owns: true, channel: PRIVATE }, NOTHING],
  ['a visitor of an open channel', { level: null, owns: false, channel: OPEN }, LOOKS],
  ['a visitor of a restricted channel', { level: null, owns: false, channel: RESTRICTED }, LOOKS],
  ['its owner, in their library', { level: null, owns: true, channel: null }, all('view edit move bin steerImport')],
  ['a manager of some channel, in another’s library', { level: 'manager', owns: false, channel: null }, NOTHING],
];

describe('what people may do with a recording', () => {
  it.each(TABLE)('is as the table says for %s', (_who, { level, owns, channel }, expected) => {
    for (const state of Object.keys(STATES) as State[]) {
      const rights = recordingRights({ level, owns, isOwner: false, isAdministrator: false }, STATES[state], channel);
      const granted = RECORDING_RIGHTS.filter((right) => rights[right]);
      expect([state, granted.toSorted()]).toEqual([state, expected[state].split(' ').filter(Boolean).toSorted()]);
    }
  });
});
