import { hostname } from 'node:os';
import { newSecret, type Random } from './ids.ts';

/** A name for this process that no other has had, and that tells others on this machine whether it still runs. */
export function processName(random: Random): string {
  return `${hostname()}/${process.pid}/${newSecret(random)}`;
}

/** True when `name` is of this machine and its process is gone, or its number is this process's own by now. */
export function isOfDeadProcess(name: string): boolean {
  const [host, pid] = name.split('/');
  if (host !== hostname() || !/^\d+$/.test(pid ?? '')) return false;
  return Number(pid) === process.pid || !isRunning(Number(pid));
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
