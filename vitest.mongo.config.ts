import { defineConfig, mergeConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The suites of the storage ports and the flows, on MongoDB: see test/support/mongo/find-server.ts for which one. */
export default mergeConfig(
  { ...shared, test: { ...shared.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: [
        'test/properties/people-decide.test.ts',
        'test/storage/mongo*.test.ts',
        'test/jobs/mongo*.test.ts',
        'test/flows/**/*.test.ts',
        'test/faults/mongo*.test.ts',
      ],
      globalSetup: ['test/support/mongo/global-setup.ts'],
      env: { TEST_ENGINE: 'mongo' },
    },
  }),
);
