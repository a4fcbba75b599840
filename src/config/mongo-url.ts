import { type Parsed, right, wrong } from './values.ts';

/** A MongoDB's address, and what of it may be shown: hosts and the name of the database. */
export type MongoUrl = { url: string; place: string };

const SHAPE = /^(mongodb(?:\+srv)?):\/\/(?:([^@/?]*)@)?([^@/?]*)(?:\/([^?]*))?(?:\?(.*))?$/i;
const HOST = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]|[^/?@:]*%2f[^/?@:]*\.sock)(?::\d{1,5})?$/i;
/** MongoDB's limits for names of databases, those of Windows included. */
const NAME = /^[^/\\. "$*<>:|?\p{Cc}]{1,63}$/u;
const EXAMPLE = 'write mongodb://HOST/NAME or mongodb+srv://HOST/NAME';

/** The database of an address that names none; the adapter opens the same. */
const DEFAULT_NAME = 'rostrum';

/**
 * Checks a MongoDB connection string for form: hosts, a name that a database may have, and no option that takes back what
 * the product relies on. Other options are the driver's to judge.
 */
export function readMongoUrl(text: string): Parsed<MongoUrl> {
  if (text.includes('#')) return wrong('has a fragment (#...); leave it out, or write %23 for a # in a password');
  const [, scheme, credentials, hosts, name, options] = SHAPE.exec(text) ?? [];
  // An @ elsewhere: what looks like hosts and a name may be the pieces of a password with a / or ? in it.
  if (text.split('@').length - 1 > (credentials === undefined ? 0 : 1)) return wrong(UNENCODED);
  if (scheme === undefined) return wrong(`is not the address of a MongoDB; ${EXAMPLE}`);
  const wrongPart =
    credentialsFault(credentials) ?? hostsFault(hosts ?? '', scheme) ?? nameFault(name) ?? optionsFault(options ?? '');
  if (wrongPart !== null) return wrong(wrongPart);
  const url = `${scheme.toLowerCase()}${text.slice(scheme.length)}`;
  return right({ url, place: `${hosts}/${decode(name || DEFAULT_NAME)}` });
}

const UNENCODED =
  'has a user name or password with a sign that ends it; write such signs as %40 for @, %3A for :, %2F for / and %3F for ?';

function credentialsFault(credentials: string | undefined): string | null {
  if (credentials === undefined) return null;
  const [user = '', ...rest] = credentials.split(':');
  if (user === '') return 'has no user name in front of the @; leave out the @, or write the name there';
  if (rest.length > 1 || /[[\]]/.test(credentials) || decode(credentials) === null) {
    return UNENCODED;
  }
  return null;
}

function hostsFault(hosts: string, scheme: string): string | null {
  if (hosts === '') return `names no host; ${EXAMPLE}`;
  const each = hosts.split(',');
  if (!each.every((host) => HOST.test(host))) return `names a host that is none; ${EXAMPLE}`;
  if (/srv$/i.test(scheme) && (each.length > 1 || hosts.includes(':'))) {
    return 'is a mongodb+srv:// address with several hosts or a port; it takes one host name alone';
  }
  return null;
}

function nameFault(encoded: string | undefined): string | null {
  const name = decode(encoded || DEFAULT_NAME);
  if (name === null || !NAME.test(name))
    return 'names a database that MongoDB does not allow; write one such as rostrum';
  return ['admin', 'local', 'config'].includes(name)
    ? 'names a database that belongs to MongoDB itself; write one such as rostrum'
    : null;
}

/** Answers must stand when they are given, and a session be read as it was written a moment ago. */
function optionsFault(text: string): string | null {
  const options = new Map([...new URLSearchParams(text)].map(([name, value]) => [name.toLowerCase(), value]));
  if (options.get('w') === '0') return 'has w=0, by which writes get lost unseen; leave it out';
  if ((options.get('readpreference') ?? 'primary').toLowerCase() !== 'primary') {
    return 'has a readPreference other than primary, by which what was just written is not seen; leave it out';
  }
  return null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
