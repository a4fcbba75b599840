import { hash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { newSecret, type Random } from './ids.ts';

/**
 * A name for this process that no other has had, and that tells others beside it whether it still runs: host, process
 * ID, where that ID counts, and a secret, with slashes between them.
 */
export function processName(random: Random): string {
  return [hostname(), process.pid, numberingOfProcesses() ?? UNKNOWN, newSecret(random)].join('/');
}

/**
 * True when the process of this name is gone, or its ID is this process's own by now. False whenever that cannot be
 * known from here: for other machines and containers, and for names of older versions, which say host, ID and secret.
 */
export function isOfDeadProcess(name: string): boolean {
  const [host, pid, numbering, secret] = name.split('/');
  if (secret === undefined || host !== hostname() || !/^\d+$/.test(pid ?? '')) return false;
  if (numbering === UNKNOWN || numbering !== numberingOfProcesses()) return false;
  return Number(pid) === process.pid || !isRunning(Number(pid));
}

const UNKNOWN = '-';

/**
 * Where the process IDs that this process sees count: one start of one kernel, and in it one namespace. Hosts' names do
 * not tell, as machines made from one image, and containers on the network of their host, share them.
 * On macOS, which developers work on, the host's name has to do: containers there are in a Linux of their own. Null where
 * nothing tells.
 */
function numberingOfProcesses(): string | null {
  if (process.platform === 'darwin') return 'macos';
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid');
    return boot === '' ? null : hash('sha256', `${boot} ${namespace}`, 'base64url').slice(0, 12);
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
