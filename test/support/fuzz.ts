import { gzipSync } from 'node:zlib';

/** Random choices that come out the same for the same seed. */
export type Dice = {
  /** A whole number from 0 to `below` - 1. */
  roll(below: number): number;
  /** True once in `times`. */
  once(times: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
};

/** Dice by Mulberry32, for the request with this number of a run. */
export function diceFor(seed: number, number: number): Dice {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(number + 1, 0xc2b2ae35)) >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const roll = (below: number) => Math.floor(next() * below);
  return { roll, once: (times) => roll(times) === 0, pick: (items) => items[roll(items.length)] as never };
}

export type FuzzRequest = {
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body: Buffer | null;
};

/** A request that means something, before it is bent. */
export type Template = {
  method: string;
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  fields?: Record<string, string>;
  json?: unknown;
};

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'SEARCH',
  'REPORT',
  'PURGE',
];
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  'a[b][c]',
  'a.b',
  '',
  '0',
  '$where',
];
const CHARSETS = [
  '',
  '; charset=utf-8',
  '; charset=utf-7',
  '; charset=klingon',
  '; charset="',
  '; charset=utf-16le',
  ';;;',
];

/** Bends a request in one to four ways; `marker` stands in values only, for what repeats it is told by that. */
export function bend(dice: Dice, template: Template, marker: string): FuzzRequest {
  const draft: Draft = {
    method: dice.once(25) ? dice.pick(METHODS) : template.method,
    segments: template.path.split('/'),
    query: Object.entries(template.query ?? {}),
    headers: { ...template.headers },
    fields: template.fields ? Object.entries(template.fields) : null,
    json: template.json,
  };
  const bends = dice.once(15) ? 0 : 1 + dice.roll(4);
  for (let i = 0; i < bends; i++) dice.pick(BENDS)(draft, dice, marker);
  return build(draft, dice);
}

type Draft = {
  method: string;
  segments: string[];
  query: [string, string][];
  headers: Record<string, string | string[]>;
  fields: [string, string][] | null;
  json: unknown;
  raw?: { type: string; body: Buffer; encoding?: string };
};

type Bend = (draft: Draft, dice: Dice, marker: string) => void;

const BENDS: readonly Bend[] = [
  bendPath,
  (draft, dice, marker) => bendPairs(draft.query, dice, marker),
  bendHeaders,
  bendBody,
  bendBody,
  bendBody,
];

function bendPath(draft: Draft, dice: Dice, marker: string): void {
  const at = dice.roll(draft.segments.length);
  const odd = dice.pick([...ODD_SEGMENTS, marker, `${marker}%00`]);
  if (dice.once(3)) draft.segments.splice(at, 0, odd);
  else draft.segments[at] = odd;
}

const ODD_SEGMENTS = [
  ...[
    '..',
    '.',
    '',
    '%2e%2e',
    '%2f',
    '%5c',
    '%00',
    '%',
    '%E0%A4%A',
    '%ff%fe',
    '%C0%AF',
    '%ED%A0%80',
    '\xe9\xff',
    ';a=b',
    '*',
    '~',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '[object Object]',
    "'OR'1'='1",
    '<script>',
    'undefined',
    'null',
    '-1',
    '%F0%9D%95%8F',
  ],
  ...[
    'a'.repeat(3_000),
    'a%20b;c',
    '%0d%0aX-Injected:%201',
    'CHANNELS',
    'etc',
    'dev',
    'zero',
    '..%2f..%2fetc%2fpasswd',
    'favicon.ico',
  ],
];

function bendPairs(pairs: [string, string][], dice: Dice, marker: string): void {
  const at = dice.roll(pairs.length + 1);
  const [name, value] = pairs[at] ?? [dice.pick([...NAMES, 'as', 'q', 'state', 'limit', 'cursor']), ''];
  const other = dice.pick<() => [string, string][]>([
    () => [],
    () => [[`${name}[]`, value]],
    () => [
      [name, value],
      [name, text(dice, marker)],
    ],
    () => [[name, flip(value, dice)]],
    () => [[name, text(dice, marker)]],
    () => [[name, text(dice, marker)]],
  ]);
  pairs.splice(at, 1, ...other());
}

/** One character of a good value is another one. */
function flip(value: string, dice: Dice): string {
  const at = dice.roll(value.length + 1);
  return value.slice(0, at) + dice.pick(['A', '.', '\0', ' ', '%', '=', '\u{1F600}', '']) + value.slice(at + 1);
}

function text(dice: Dice, marker: string): string {
  const odd = dice.pick(ODD_TEXTS);
  return dice.once(2) ? odd : dice.pick([`${marker}${odd}`, `${odd}${marker}`, `<b>${marker}`, `"'>${marker}`]);
}

const cursor = (value: string) => Buffer.from(value).toString('base64url');

const ODD_TEXTS = [
  ...[
    '',
    ' ',
    'a b;c',
    '\0',
    'x\0y',
    '\ud800',
    'a\udc00b',
    '\ufffe',
    '\u202e',
    '\u{1F468}\u200D\u{1F469}',
    '\r\nSet-Cookie: a=b',
    '%',
    '%%%',
    '%zz',
  ],
  ...[
    '__proto__',
    'constructor',
    '[object Object]',
    'null',
    'undefined',
    'NaN',
    '-1',
    '0',
    '1e309',
    '9'.repeat(400),
    'true',
    '[]',
    '{}',
  ],
  ...[
    "' OR 1=1 --",
    '<script>alert(1)</script>',
    '{{7*7}}',
    '$'.concat('{7*7}'),
    '<%= 7 %>',
    '$t(start.lead)',
    '$&',
    'javascript:alert(1)',
    '//evil.example',
  ],
  ...[
    '../../etc/passwd',
    'http://127.0.0.1:1/',
    'file:///etc/passwd',
    'manager',
    'active',
    'x'.repeat(255),
    'x'.repeat(100_000),
    '\u0130'.repeat(3_000),
  ],
  ...[
    cursor('[]'),
    cursor('["a"]'),
    cursor('["a","b"]'),
    cursor('[null,{}]'),
    cursor('[1e400,"x"]'),
    cursor('["\\ud800","\\u0000"]'),
    cursor('{}'),
  ],
  ...[
    'A'.repeat(43),
    'eyJhbGciOiJub25lIn0.e30.',
    'a.b.c',
    '...',
    'eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.AAAA',
    `${'e30.'.repeat(2_000)}`,
  ],
];

function bendHeaders(draft: Draft, dice: Dice, marker: string): void {
  const [name, values] = dice.pick(ODD_HEADERS);
  const value = dice.pick([...values, headerSafe(text(dice, marker))]);
  if (name === 'cookie' && dice.once(2)) draft.headers[name] = `${draft.headers.cookie ?? ''}; ${value}`;
  else if (dice.once(15)) delete draft.headers[name];
  else draft.headers[name] = value.slice(0, 8_000);
}

const ODD_HEADERS: readonly [string, readonly string[]][] = [
  [
    'cookie',
    [
      '__Host-rostrum-session=',
      '__Host-rostrum-session=a; __Host-rostrum-session=b',
      '=',
      ';;;',
      'a=b='.repeat(500),
      `__Host-rostrum-login=${'A'.repeat(43)}`,
    ],
  ],
  [
    'authorization',
    ['Bearer', 'Bearer ', 'Bearer a b', 'Basic YTpi', 'bearer \xff', `Bearer ${'x'.repeat(5_000)}`, 'Negotiate x'],
  ],
  [
    'content-type',
    [
      '',
      '/',
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain',
      'application/json;charset',
      'application/xml',
      'application/vnd.x+json',
    ],
  ],
  ['content-encoding', ['gzip', 'deflate', 'br', 'zstd', 'identity', 'gzip, gzip', 'x']],
  ['origin', ['null', 'https://evil.example', 'http://[', 'file://', '\xff']],
  ['sec-fetch-site', ['cross-site', 'same-site', 'same-origin', 'none', 'x']],
  ['sec-fetch-dest', ['document', 'iframe', 'x']],
  ['host', ['evil.example', 'localhost:99999', '[::1', 'a b', '']],
  [
    'x-forwarded-for',
    ['', ',', 'unknown', '::ffff:1.2.3.4%eth0', '1.2.3.4, 5.6.7.8', '[::1]:80', 'fe80::1%lo', '999.1.1.1'],
  ],
  ['x-forwarded-proto', ['https', 'javascript', ',']],
  ['x-forwarded-host', ['evil.example', ',,', '[']],
  ['accept-language', ['*', 'xx-'.repeat(100), 'de;q=', '__proto__', 'en-US-u-ca-klingon']],
  ['accept', ['', '*/*;q=x', 'application/json', 'text/event-stream', ',,,']],
  ['if-match', ['*', '"1"', 'W/"1"', '"', '"9999999999999999"', '"1","2"']],
  ['if-none-match', ['*', '"x"', 'W/"', '\xff']],
  ['if-modified-since', ['x', 'Thu, 01 Jan 1970 00:00:00 GMT', '-1']],
  ['range', ['bytes=0-', 'bytes=5-1', 'bytes=-0', 'bytes=0-0,1-1,2-2', 'x=1']],
  ['last-event-id', ['1', '\xff']],
  ['hx-request', ['true']],
  ['x-http-method-override', ['DELETE', 'TRACE']],
  ['expect', ['100-continue']],
];

function headerSafe(value: string): string {
  return value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 4_000);
}

function bendBody(draft: Draft, dice: Dice, marker: string): void {
  if (dice.once(5)) draft.raw = dice.pick(RAW_BODIES)(dice, marker);
  else if (draft.fields && dice.once(6)) {
    draft.json = Object.fromEntries(
      draft.fields.map(([name, value]) => [name, dice.once(3) ? json(dice, marker, 3) : value]),
    );
    draft.fields = null;
  } else if (draft.fields) bendPairs(draft.fields, dice, marker);
  else if (draft.json !== undefined || dice.once(2)) draft.json = bendJson(draft.json, dice, marker);
  else draft.fields = [[dice.pick(NAMES), text(dice, marker)]];
}

/** The value with something else in one place, or something else altogether. */
export function bendJson(value: unknown, dice: Dice, marker: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || dice.once(4)) return json(dice, marker, 4);
  const names = Object.keys(value);
  const name = names.length === 0 || dice.once(4) ? dice.pick(NAMES) : dice.pick(names);
  return JSON.parse(
    `${JSON.stringify(value).slice(0, -1)}${names.length ? ',' : ''}${JSON.stringify(name)}:${JSON.stringify(json(dice, marker, 3)) ?? 'null'}}`,
  );
}

function json(dice: Dice, marker: string, depth: number): unknown {
  if (depth === 0) return text(dice, marker);
  const inner = () => json(dice, marker, depth - 1);
  return dice.pick<() => unknown>([
    () => text(dice, marker),
    () => dice.pick([null, true, false, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER + 2]),
    () => Array.from({ length: dice.roll(4) }, inner),
    () => Array(2_000).fill(marker),
    () =>
      Object.fromEntries([
        [dice.pick(NAMES), inner()],
        ['level', inner()],
      ]),
    () => JSON.parse('{"__proto__":{"level":"manager"},"constructor":{"prototype":{"x":1}}}'),
  ])();
}

const RAW_BODIES: readonly ((dice: Dice, marker: string) => NonNullable<Draft['raw']>)[] = [
  (dice) => ({ type: `application/json${dice.pick(CHARSETS)}`, body: Buffer.from(dice.pick(BROKEN_JSON)) }),
  (dice) => ({
    type: `application/json${dice.pick(CHARSETS)}`,
    body: Buffer.from('['.repeat(50_000) + ']'.repeat(50_000)),
  }),
  (_dice, marker) => ({
    type: 'application/json',
    body: Buffer.from(`${'{"a":'.repeat(20_000)}"${marker}"${'}'.repeat(20_000)}`),
  }),
  (dice, marker) => ({
    type: `application/x-www-form-urlencoded${dice.pick(CHARSETS)}`,
    body: Buffer.from(`a=${marker}&`.repeat(dice.pick([3, 199, 300]))),
  }),
  (_dice, marker) => ({
    type: 'application/x-www-form-urlencoded',
    body: Buffer.from(`%=%&=&&&=${marker}&%00=%00&a=%ff&__proto__[x]=1&+=+`),
  }),
  (dice, marker) => ({
    type: 'application/x-www-form-urlencoded',
    body: Buffer.from(marker + 'x'.repeat(dice.pick([100_000, 262_100, 262_145, 400_000]))),
  }),
  (dice, marker) => ({
    type: dice.pick(['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=x']),
    body: Buffer.from(`--x\r\nContent-Disposition: form-data; name="${marker}\r\n--x`),
  }),
  () => ({ type: 'application/json', body: gzipSync(Buffer.alloc(5_000_000, 0x20)), encoding: 'gzip' }),
  (dice) => ({ type: 'application/json', body: gzipSync('{"a":1}').subarray(0, dice.roll(27)), encoding: 'gzip' }),
  (dice) => ({ type: 'text/plain', body: Buffer.from(Array.from({ length: 300 }, () => dice.roll(256))) }),
  (dice) => ({ type: 'application/json', body: Buffer.from(Array.from({ length: 300 }, () => dice.roll(256))) }),
];

const BROKEN_JSON = [
  '',
  '{',
  '{"a":',
  'null',
  '1',
  '"x"',
  '[]',
  '\ufeff{}',
  '{"a":1}}',
  "{'a':1}",
  '{"a":"\\ud800"}',
  '{"\\u0000":1}',
  'NaN',
  '{"a":1e999}',
];

function build(draft: Draft, dice: Dice): FuzzRequest {
  const query = draft.query.map(([name, value]) => `${encode(name, dice)}=${encode(value, dice)}`).join('&');
  const path = `${draft.segments.join('/')}${query === '' ? '' : `?${query}`}`;
  const { raw } = draft;
  const body = raw ? raw.body : bodyOf(draft);
  const type = raw?.type ?? (draft.fields ? 'application/x-www-form-urlencoded' : 'application/json');
  const headers: FuzzRequest['headers'] = { ...(body === null ? {} : { 'content-type': type }), ...draft.headers };
  if (raw?.encoding) headers['content-encoding'] = raw.encoding;
  // Node's client sends no other characters, and no request line of more than 16 kB gets through.
  const safePath = (path.startsWith('/') ? path : `/${path}`).replace(/[^\x21-\xff]/g, '+').slice(0, 12_000);
  return {
    method: draft.method,
    path: safePath,
    headers,
    body: ['GET', 'HEAD', 'TRACE'].includes(draft.method) ? null : body,
  };
}

function bodyOf({ fields, json: value }: Draft): Buffer | null {
  if (fields) return Buffer.from(fields.map(([name, item]) => `${encode(name)}=${encode(item)}`).join('&'));
  return value === undefined ? null : Buffer.from(JSON.stringify(value) ?? '');
}

/** Form encoding; lone surrogates as CESU-8, which no browser sends. Now and then nothing is encoded but what parts names. */
function encode(value: string, dice?: Dice): string {
  if (dice?.once(20)) return value.replace(/[\s#&]/g, '+');
  return [...value]
    .map((char) => (/[\ud800-\udfff]/.test(char) && char.length === 1 ? '%ED%A0%80' : encodeURIComponent(char)))
    .join('');
}
