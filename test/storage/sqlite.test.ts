import { join } from 'node:path';
import { defineAllSuites } from './suites/all-suites.ts';
import { makeFolder, mustOpen } from './support/temp-folder.ts';

defineAllSuites(async () => {
  const { folder, remove } = makeFolder();
  const storage = mustOpen(join(folder, 'rostrum.sqlite'));
  const close = async () => {
    await storage.close();
    remove();
  };
  return { storage, close };
});
