import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemRandom } from '../../../src/lib/ids.ts';
import { createDiskFiles } from '../../../src/recordings/files/disk-files.ts';
import { makeFolder } from '../../storage/support/temp-folder.ts';
import { defineFileStoreSuite, readAll } from './file-store-suite.ts';

const { folder, remove } = makeFolder();
afterAll(remove);
const root = join(folder, 'files');
const files = createDiskFiles({ folder: root, clock: systemClock, random: systemRandom });

const drafts = () => readdirSync(root, { recursive: true }).filter((name) => String(name).includes('~'));

defineFileStoreSuite(() => ({ files, left: async () => drafts().length }));

it('keeps folders and files to the user that runs it', async () => {
  await files.save('recordings/mine/a.mp4', Readable.from([Buffer.from('x')]), { contentType: 'video/mp4' });
  const modes = ['', 'recordings', 'recordings/mine', 'recordings/mine/a.mp4'].map(
    (path) => statSync(join(root, path)).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o700, 0o700, 0o600]);
});

it('removes what killed processes left long ago, and nothing that is written now or published', async () => {
  await files.save('recordings/old/a.mp4', Readable.from([Buffer.from('old')]), { contentType: 'video/mp4' });
  const now = Date.now() / 1000;
  for (const [name, age] of [
    ['a.mp4~dead', 90_000],
    ['b.mp4~alive', 60],
    ['a.mp4', 90_000],
  ] as const) {
    const path = join(root, 'recordings/old', name);
    if (name !== 'a.mp4') writeFileSync(path, 'half');
    utimesSync(path, now - age, now - age);
  }
  await files.removeLeftovers(Date.now() - 86_400_000);
  expect(readdirSync(join(root, 'recordings/old')).sort()).toEqual(['a.mp4', 'b.mp4~alive']);
  expect((await readAll(files, 'recordings/old/a.mp4')).toString()).toBe('old');
});
