import { defineAllSuites } from './suites/all-suites.ts';
import { openTestMongo } from './support/mongo-storage.ts';

defineAllSuites(openTestMongo);
