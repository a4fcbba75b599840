import { describe, expect, it } from 'vitest';
import { DELETED_KEPT_MS } from '../../src/channels/channel.ts';
import { deleteChannel, restorableUntil, restoreChannel } from '../../src/channels/delete-channel.ts';
import { createSyncService } from '../../src/channels/sync-service.ts';
import { ACTOR, useCourse } from './support.ts';

const course = useCourse();
const ask = () => ({ channelId: course().channelId, actor: ACTOR });

describe('a deleted channel', () => {
  it('is reached by no launch and no sync, keeps everything, and is restored as it was', async () => {
    await course().sync([{ subject: 'ann', level: 'manager' }, { subject: 'eve' }]);
    await course().change('eve', { level: 'moderator' });
    const before = await course().current();
    const eve = await course().member('eve');
    expect(await deleteChannel(course().deps, ask())).toMatchObject({ ok: true });
    expect(await course().launch('eve', 'member')).toEqual({ ok: false, reason: 'channel-deleted' });
    const queue = { enqueue: () => undefined };
    const syncs = createSyncService({ ...course().deps, queue, maxAgeMs: 1 });
    expect(await syncs.request({ channelId: course().channelId, trigger: 'api', requestedBy: null })).toBeNull();
    const restored = await restoreChannel(course().deps, ask());
    expect(restored).toMatchObject({
      ok: true,
      value: { ...before, version: before.version + 2, updatedAt: expect.any(Number) },
    });
    expect(await course().member('eve')).toEqual(eve);
    expect(await course().launch('eve', 'member')).toMatchObject({ ok: true });
  });

  it('is deleted and restored once, however often it is asked, and each is noted', async () => {
    await Promise.all([1, 2, 3].map(() => deleteChannel(course().deps, ask())));
    await deleteChannel(course().deps, ask());
    await Promise.all([1, 2].map(() => restoreChannel(course().deps, ask())));
    expect((await course().events()).map(({ action }) => action)).toEqual(['channel.delete', 'channel.restore']);
  });

  it('can be restored for 30 days, to the millisecond, and not after that', async () => {
    await deleteChannel(course().deps, ask());
    const until = restorableUntil(await course().current()) ?? 0;
    expect(until).toBe(((await course().current()).deletedAt ?? 0) + DELETED_KEPT_MS);
    const late = { ...course().deps, clock: () => until };
    expect(await restoreChannel(late, ask())).toEqual({ ok: false, reason: 'no-such-channel' });
    expect(await deleteChannel(late, ask())).toEqual({ ok: false, reason: 'no-such-channel' });
    expect(await restoreChannel({ ...late, clock: () => until - 1 }, ask())).toMatchObject({ ok: true });
    expect(restorableUntil(await course().current())).toBeNull();
  });

  it('is not deleted when it is not what the caller saw', async () => {
    const { version } = await course().current();
    const early = { ...ask(), version: version - 1 };
    expect(await deleteChannel(course().deps, early)).toEqual({ ok: false, reason: 'changed-meanwhile' });
    expect((await course().current()).deletedAt).toBeNull();
    expect(await deleteChannel(course().deps, { ...ask(), version })).toMatchObject({ ok: true });
    expect(await deleteChannel(course().deps, early)).toMatchObject({ ok: true });
  });

  it('that nobody knows is told so', async () => {
    const unknown = { ...ask(), channelId: 'none' as ReturnType<typeof ask>['channelId'] };
    expect(await deleteChannel(course().deps, unknown)).toEqual({ ok: false, reason: 'no-such-channel' });
    expect(await restoreChannel(course().deps, unknown)).toEqual({ ok: false, reason: 'no-such-channel' });
  });
});
