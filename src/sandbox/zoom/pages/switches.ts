import type { ZoomFaults } from '../faults.ts';

type Settings = Partial<Omit<ZoomFaults, 'reset'>>;

/** A failure as the page offers it: a few choices, the first of which is that all is well. */
export type Switch = {
  name: string;
  label: string;
  hint: string;
  choices: readonly (readonly [value: string, label: string, settings: Settings])[];
};

export const SWITCHES: readonly Switch[] = [
  {
    name: 'connecting',
    label: 'Connecting',
    hint: 'What a person meets on the way to Zoom.',
    choices: [
      ['works', 'Works', { preApproval: false, appInactive: false, withheldScopes: [] }],
      ['approval', 'The administrator must approve the app first', { preApproval: true }],
      ['inactive', 'The app is not active: (4,700)', { appInactive: true }],
      ['scopes', 'Without the permission to list meetings', { withheldScopes: ['meeting:read:list_meetings'] }],
    ],
  },
  {
    name: 'grant',
    label: 'Permission of those connected',
    hint: 'How long the tool may go on.',
    choices: [
      ['lasts', 'Lasts', { appDisabled: false, adminDisabled: false, token: null, expiresInSeconds: 3600 }],
      ['disabled', 'Zoom disabled the app (4717)', { appDisabled: true }],
      ['admin', 'The administrator withdrew the approval (4738)', { adminDisabled: true }],
      ['short', 'New tokens last ten seconds', { expiresInSeconds: 10 }],
      ['down', 'The token service is down', { token: { kind: 'unavailable' } }],
    ],
  },
  {
    name: 'calls',
    label: 'Calls of the API',
    hint: 'What Zoom answers when it is asked for meetings and recordings.',
    choices: [
      ['right', 'The truth', { api: null, slowMs: 0, dailyLeft: null }],
      ['slow', 'After two seconds', { slowMs: 2000 }],
      ['often', 'Too many requests, five times', { api: { kind: 'qps', times: 5 } }],
      ['daily', 'No more today', { dailyLeft: 0 }],
      ['token', 'The token is not taken, once', { api: { kind: 'expired-token', times: 1 } }],
      ['plan', 'Only for paid accounts', { api: { kind: 'plan' } }],
      ['admin', 'Disabled by the administrator, with status 200', { api: { kind: 'admin-200' } }],
      ['down', 'An error page', { api: { kind: 'html-502' } }],
      ['stall', 'Nothing at all', { api: { kind: 'stall' } }],
    ],
  },
  {
    name: 'downloads',
    label: 'Downloads',
    hint: 'What comes instead of a file.',
    choices: [
      ['right', 'The file', { download: null, bytesPerSecond: null }],
      ['slow', 'The file, at 100 kB a second', { bytesPerSecond: 100_000 }],
      ['html', 'A page: only the host may download', { download: { kind: 'html-200' } }],
      ['json', 'JSON: disabled by the administrator', { download: { kind: 'json-200' } }],
      ['truncated', 'Half of it, three times', { download: { kind: 'truncated', times: 3 } }],
      ['expired', 'The address has expired, once', { download: { kind: 'expired', times: 1 } }],
      ['foreign', 'A redirect to a stranger', { download: { kind: 'foreign-redirect' } }],
    ],
  },
  {
    name: 'webhooks',
    label: 'Messages to the tool',
    hint: 'Without them the tool finds recordings by asking.',
    choices: [
      ['sent', 'Sent', { silent: false, duplicated: false, reordered: false, signature: 'right' }],
      ['silent', 'Never sent', { silent: true }],
      ['twice', 'Sent twice', { duplicated: true }],
      ['reordered', 'In the wrong order', { reordered: true }],
      ['forged', 'With a wrong signature', { signature: 'wrong' }],
    ],
  },
];

/** The choice that the switches are at. */
export function chosen({ choices }: Switch, faults: ZoomFaults): string {
  const isAt = (settings: Settings) =>
    Object.entries(settings).every(([name, value]) => isSame(faults[name as keyof ZoomFaults], value));
  // The first one, with which all is well, comes last: others set only what they change.
  const [well, ...failures] = choices;
  return (failures.find(([, , settings]) => isAt(settings)) ?? well)?.[0] ?? '';
}

/** Sets the switches of a choice, and puts back those of the others; nothing for a choice that there is not. */
export function choose({ choices }: Switch, faults: ZoomFaults, value: string): void {
  const wanted = choices.find(([name]) => name === value);
  if (wanted) Object.assign(faults, structuredClone({ ...choices[0]?.[2], ...wanted[2] }));
}

/** A failure that has begun to run out counts as on. */
function isSame(present: unknown, wanted: unknown): boolean {
  const plain = (value: unknown) => JSON.stringify(value, (key, each) => (key === 'times' ? undefined : each));
  return plain(present) === plain(wanted);
}
