import { describe, expect, it } from 'vitest';
import { RunTakenOver } from '../../src/channels/sync-roster.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { type Course, useCourse } from './support.ts';

/** More than two slices. */
const ROSTER = Array.from({ length: 180 }, (_, i) => ({ subject: `person-${i}` }));

function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function unfinished({ deps }: Course): Promise<SyncRun> {
  const [run] = await deps.syncs.unfinishedSyncs({ limit: 1 });
  if (!run) throw new Error('no run is under way');
  return run;
}

/** Takes away the lines of a diff from one number on. */
async function cut(course: Course, from: number): Promise<void> {
  const run = await unfinished(course);
  expect(await course.deps.syncs.saveSyncChanges({ id: run.id, attempt: run.restarts }, from, [])).toBe(true);
}

const members = async ({ deps, channelId }: Course) => (await deps.memberships.countMembers(channelId)).total;

describe('a sync that another process goes on with', () => {
  const course = useCourse();

  it('takes no line away that its successor is applying, when it wakes late', async () => {
    const [woken, begun] = [gate(), gate()];
    const old = course()
      .sync(ROSTER.slice(0, 10), {
        comparing: async () => {
          begun.open();
          await woken.opened;
        },
      })
      .catch((error: unknown) => error);
    await begun.opened;
    const next = await course().resume(ROSTER, {
      applying: async (slice) => {
        if (slice > 0) return;
        woken.open();
        await old;
      },
    });
    expect(await old).toBeInstanceOf(RunTakenOver);
    expect(next).toMatchObject({ state: 'applied', restarts: 1, totalChanges: 180, appliedChanges: 180 });
    expect(await members(course())).toBe(180);
  });

  it('is finished by an attempt that did not write its diff', async () => {
    const broken = course().sync(ROSTER, {
      applying: async (slice) => {
        if (slice === 1) throw new Error('the process was killed');
      },
    });
    await expect(broken).rejects.toThrow('the process was killed');
    expect(await course().resume()).toMatchObject({ state: 'applied', restarts: 1, appliedChanges: 180 });
    expect(await members(course())).toBe(180);
  });
});

describe('a diff with lines missing', () => {
  const course = useCourse();

  it.each([20, 90, 179])('is made anew when it is taken up again without those from %i on', async (from) => {
    const broken = course().sync(ROSTER, {
      applying: async (slice) => {
        if (slice === 1) throw new Error('the process was killed');
      },
    });
    await expect(broken).rejects.toThrow('the process was killed');
    await cut(course(), from);
    const ended = await course().resume([...ROSTER, { subject: 'late' }]);
    expect(ended).toMatchObject({ state: 'applied', restarts: 1 });
    expect(ended.appliedChanges).toBe(ended.totalChanges);
    expect(await members(course())).toBe(181);
    expect(await course().deps.syncs.findSync(ended.id)).toEqual(ended);
  });

  it('never ends applied: the attempt that wrote it fails, and the next sync brings the rest', async () => {
    const failed = await course().sync(ROSTER, {
      applying: async (slice) => {
        if (slice === 0) await cut(course(), 60);
      },
    });
    expect(failed).toMatchObject({ state: 'failed', reason: 'internal', phase: null });
    expect(await members(course())).toBe(50);
    expect(await course().sync(ROSTER)).toMatchObject({ state: 'applied' });
    expect(await members(course())).toBe(180);
  });
});
