import { existsSync } from 'node:fs';
import { type Config, loadConfig } from '../config/config.ts';
import { isLoopback } from '../config/values.ts';
import type { HttpFailure } from '../lib/http-client.ts';
import { parseJson } from '../lib/json.ts';
import { openPrivateKey } from '../lti/ltijs/key-pairs.ts';
import type { Platform } from '../lti/platform.ts';
import { type Check, fault, warning, well } from './checks.ts';
import type { CliTools, Command } from './command.ts';
import type { CliContext } from './context.ts';
import { checkFiles } from './doctor-files.ts';
import { checkStore } from './doctor-store.ts';
import { checkZoom } from './doctor-zoom.ts';
import type { CommandOutcome } from './outcome.ts';
import { textTable } from './text-table.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Checks settings, store, files, keys, and whether the LMSs, Zoom and the server itself can be reached.',
  positionals: [],
  options: {},
  async run(_input, tools) {
    const settings = checkSettings(tools);
    if (settings.some(({ status }) => status === 'fault')) return report(settings);
    const opened = await tools.open();
    if (!opened.ok) return report([...settings, fault('store', opened.message)]);
    const checks = await Promise.all([
      checkStore(opened.value),
      checkFiles(opened.value),
      checkSelf(opened.value),
      checkZoom(opened.value),
      opened.value.storage.platforms.listPlatforms().then((all) => checkPlatforms(opened.value, all)),
    ]);
    return report([...settings, ...checks.flat()]);
  },
};

function checkSettings({ env }: CliTools): Check[] {
  const loaded = loadConfig(env);
  const warnings = loaded.warnings.map(({ variable, problem }) => warning('settings', `${variable} ${problem}`));
  if (!loaded.ok) {
    return [...loaded.faults.map(({ variable, problem }) => fault('settings', `${variable} ${problem}`)), ...warnings];
  }
  return [well('settings', describeSettings(loaded.config)), ...warnings];
}

function describeSettings({ production, publicUrl, database, role }: Config): string {
  const kind = production ? 'production' : 'development';
  if (database.engine === 'mongo') return `${kind}, ${publicUrl}, MongoDB ${database.place}, role ${role}`;
  const made = existsSync(database.path) ? '' : ', made by this check';
  return `${kind}, ${publicUrl}, ${database.path}${made}`;
}

async function checkSelf({ http, config }: CliContext): Promise<Check[]> {
  const answer = await http({ url: `${config.publicUrl}/healthz`, timeoutMs: 5000 });
  if (!answer.ok) {
    // Before the first start nothing answers here, and a host may not reach its own public address.
    const atHome = isLoopback(new URL(config.publicUrl).hostname) || answer.reason === 'blocked-address';
    const message = `${config.publicUrl} ${failureText(answer.reason)}; is the server running, and are DNS and the proxy right?`;
    return [atHome ? warning('public-url', message) : fault('public-url', message)];
  }
  const { status } = answer.value;
  if (status === 200) return [well('public-url', `${config.publicUrl} answers`)];
  return [fault('public-url', `${config.publicUrl}/healthz answers with status ${status}; does the proxy lead here?`)];
}

async function checkPlatforms(context: CliContext, platforms: Platform[]): Promise<Check[]> {
  if (platforms.length === 0)
    return [warning('platforms', 'no LMS is registered yet; see "rostrum platform add --help"')];
  const checks = await Promise.all(platforms.map((platform) => checkPlatform(context, platform)));
  return checks.flat();
}

async function checkPlatform(context: CliContext, platform: Platform): Promise<Check[]> {
  const name = `platform ${platform.id}`;
  if (platform.status === 'disabled') return [well(name, 'disabled, not checked')];
  const pending = `waits for "rostrum platform activate ${platform.id}"`;
  return [
    ...(platform.status === 'pending' ? [warning(name, pending)] : []),
    await checkKey(context, platform, name),
    await checkKeySet(context, platform, name),
    await checkTokenUrl(context, platform, name),
  ];
}

async function checkKey(context: CliContext, { keyId }: Platform, name: string): Promise<Check> {
  try {
    const key = await openPrivateKey({ keys: context.storage.keys, encryption: context.encryption }, keyId);
    return key === null ? fault(name, 'its key pair is missing; register it again') : well(name, 'its key pair opens');
  } catch {
    return fault(name, 'its private key cannot be opened; put the SECRET_KEY it was sealed with behind the new one');
  }
}

async function checkKeySet({ http }: CliContext, { jwksUrl }: Platform, name: string): Promise<Check> {
  const answer = await http({ url: jwksUrl, headers: { accept: 'application/json' } });
  if (!answer.ok) return fault(name, `its key set ${jwksUrl} ${failureText(answer.reason)}`);
  if (answer.value.status !== 200) return fault(name, `its key set answers with status ${answer.value.status}`);
  return holdsKeys(answer.value.body)
    ? well(name, 'its key set can be read')
    : fault(name, `${jwksUrl} answers, but not with a key set; check --jwks-url`);
}

function holdsKeys(body: string): boolean {
  const document = parseJson(body);
  return typeof document === 'object' && document !== null && 'keys' in document && Array.isArray(document.keys);
}

// Asked without an assertion: any answer of the LMS, a refusal too, shows that it can be reached.
async function checkTokenUrl({ http }: CliContext, { tokenUrl }: Platform, name: string): Promise<Check> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const answer = await http({ url: tokenUrl, method: 'POST', headers, body: 'grant_type=client_credentials' });
  if (!answer.ok) return fault(name, `its token URL ${tokenUrl} ${failureText(answer.reason)}`);
  const { status } = answer.value;
  if (status === 404) return warning(name, `its token URL answers with status 404; check --token-url`);
  return status >= 500
    ? warning(name, `its token URL answers with status ${status}`)
    : well(name, 'its token URL can be reached');
}

const FAILURES: Record<HttpFailure, string> = {
  'bad-url': 'is not an https:// address',
  'blocked-address': 'leads to a private address, which is not let through',
  unreachable: 'cannot be reached',
  timeout: 'does not answer in time',
  'too-large': 'answers with too much',
  aborted: 'was not asked',
};

function failureText(reason: HttpFailure): string {
  return FAILURES[reason];
}

function report(checks: Check[]): CommandOutcome {
  const ok = checks.every(({ status }) => status !== 'fault');
  const rows = checks.map(({ name, status, message }) => [status.toUpperCase(), name, message]);
  const verdict = ok ? 'No fault found.' : 'There are faults.';
  const text = `${textTable(['', 'CHECK', 'RESULT'], rows)}\n${verdict}`;
  return { ok: true, json: { ok, checks }, text, failed: !ok };
}
