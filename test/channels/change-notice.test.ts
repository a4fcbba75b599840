import { describe, expect, it } from 'vitest';
import { changeMany } from '../../src/channels/change-many.ts';
import { findChange } from '../../src/channels/change-notice.ts';
import { useCourse } from './support.ts';

describe('the notice of a change of many', () => {
  const course = useCourse();

  it('counts all of them without reading what was done to each', async () => {
    const { deps, channelId, sync, current } = course();
    const crowd = Array.from({ length: 120 }, (_, i) => ({ subject: `n${i}` }));
    await sync([{ subject: 'ann', level: 'manager' }, ...crowd]);
    const selection = { filter: { level: 'member' as const } };
    const changed = await changeMany(deps, { channelId, selection, change: { level: 'contributor' }, actor: 'user:x' });
    if (!changed.ok || changed.value.activityId === null) throw new Error('nothing was changed');
    const activity = { ...deps.activity, listActivity: () => Promise.reject(new Error('the list was read')) };
    const found = await findChange({ ...deps, activity }, await current(), changed.value.activityId);
    expect(found).toMatchObject({ who: null, count: 120 });
  });
});
