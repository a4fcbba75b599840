import { join } from 'node:path';
import { defineJobBackendSuite } from '../storage/suites/job-backend-suite.ts';
import { makeFolder, mustOpen } from '../storage/support/temp-folder.ts';
import { defineJobsSuite } from './support/jobs-suite.ts';
import { defineKilledProcessesSuite } from './support/killed-processes-suite.ts';

async function open() {
  const { folder, remove } = makeFolder();
  const storage = mustOpen(join(folder, 'rostrum.sqlite'));
  const close = async () => {
    await storage.close();
    remove();
  };
  return { storage, close };
}

defineJobBackendSuite(open);
defineJobsSuite(open);
defineKilledProcessesSuite();
