/** Every environment variable the product reads. The names are the contract; nothing else in `src` looks at `process.env`. */
export const ENV_NAMES = [
  'NODE_ENV',
  'PORT',
  'PUBLIC_URL',
  'DATABASE_URL',
  'DATA_DIR',
  'SECRET_KEY',
  'ROLE',
  'SANDBOX',
  'SANDBOX_PORT',
  'SANDBOX_HOST',
  'TRUST_PROXY',
  'LMS_NETWORKS',
  'SYNC_MAX_AGE',
  'SYNC_INTERVAL',
  'SYNC_HOLD_MIN',
  'SYNC_HOLD_SHARE',
  'DEPARTED_OVERRIDES',
  'ZOOM_CLIENT_ID',
  'ZOOM_CLIENT_SECRET',
  'ZOOM_WEBHOOK_SECRET',
  'ZOOM_OAUTH_URL',
  'ZOOM_API_URL',
  'FILES',
  'SMTP_URL',
  'MAIL_FROM',
  'LOG_LEVEL',
  'METRICS_TOKEN',
] as const;

export type EnvName = (typeof ENV_NAMES)[number];

/** What a process was started with; any name, any value. */
export type Environment = Record<string, string | undefined>;

/**
 * The environment of this process, with the `.env` file of the working folder under it when there is one: a variable
 * that is really set wins over the file.
 */
export function readEnvironment(): Environment {
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return process.env;
}

/** Our variables alone, trimmed; an empty one counts as not set. */
export function pickKnown(env: Environment): Partial<Record<EnvName, string>> {
  const known: Partial<Record<EnvName, string>> = {};
  for (const name of ENV_NAMES) {
    const value = env[name]?.trim();
    if (value) known[name] = value;
  }
  return known;
}

/** Variables that are not ours but look like a slip of the pen, with the name that was probably meant. */
export function likelyMisspellings(env: Environment): { name: string; meant: EnvName }[] {
  const names: readonly string[] = ENV_NAMES;
  return Object.keys(env)
    .filter((name) => !names.includes(name) && env[name] !== '')
    .flatMap((name) => {
      const meant = ENV_NAMES.find((ours) => looksLike(name, ours));
      return meant && env[meant] === undefined ? [{ name, meant }] : [];
    });
}

// Short names (PORT, ROLE, FILES) are near to too many others to guess.
function looksLike(name: string, ours: string): boolean {
  if (ours.length < 7) return false;
  const bare = (text: string) => text.toUpperCase().replace(/[^A-Z0-9]/g, '');
  if (bare(name) === bare(ours)) return true;
  return editDistance(bare(name), bare(ours)) <= (ours.length < 10 ? 1 : 2);
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
