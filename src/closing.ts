import type { Logger } from 'pino';

/** Something that ends with the process. */
export type Part = { name: string; close: () => Promise<unknown>; withinMs: number };

/**
 * Closes parts that belong together side by side, one group after the other, whatever becomes of those before: a part that
 * fails, or has not ended in its time, is logged and given up, so that the process ends by itself and the last part, the
 * store, is closed before somebody kills it. Rejects in the end when one was given up.
 */
export async function closeInOrder(groups: readonly (readonly Part[])[], log: Logger): Promise<void> {
  const givenUp: string[] = [];
  for (const group of groups) {
    const ends = await Promise.all(group.map((part) => closePart(part, log)));
    givenUp.push(...group.filter((_part, i) => !ends[i]).map(({ name }) => name));
  }
  if (givenUp.length > 0) throw new Error(`not closed as it should be: ${givenUp.join(', ')}`);
}

async function closePart({ name, close, withinMs }: Part, log: Logger): Promise<boolean> {
  let guard: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    guard = setTimeout(() => resolve('late'), withinMs);
  });
  try {
    if ((await Promise.race([close(), late])) !== 'late') return true;
    log.error({ part: name, withinMs }, 'given up at the stop: it did not end in time');
  } catch (error) {
    log.error({ part: name, err: error }, 'given up at the stop: it failed');
  } finally {
    clearTimeout(guard);
  }
  return false;
}
