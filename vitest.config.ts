import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need a MongoDB: npm run test:mongo.
    exclude: ['test/storage/mongo*.test.ts', 'test/jobs/mongo*.test.ts', 'test/faults/mongo*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Nothing of the product lives in a module, so files need no process of their own, which takes a third of the time.
    isolate: false,
    // Two cores: more workers only make timers of a browser and of a server miss each other.
    maxWorkers: 2,
  },
});
