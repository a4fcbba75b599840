import { defineJobBackendSuite } from '../storage/suites/job-backend-suite.ts';
import { openTestMongo } from '../storage/support/mongo-storage.ts';
import { defineJobsSuite } from './support/jobs-suite.ts';
import { defineKilledProcessesSuite } from './support/killed-processes-suite.ts';

defineJobBackendSuite(openTestMongo);
defineJobsSuite(openTestMongo);
defineKilledProcessesSuite();
