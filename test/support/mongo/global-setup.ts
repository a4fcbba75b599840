import { build } from '../build.ts';
import { findMongo } from './find-server.ts';

/** Once before all tests on MongoDB: the build that process tests run, and a server, whose address the tests find in `TEST_MONGODB_URI`. */
export default async function setup(): Promise<() => Promise<void>> {
  build();
  const { uri, from, stop } = await findMongo();
  process.env.TEST_MONGODB_URI = uri;
  process.stderr.write(`The tests run on MongoDB from ${from}\n`);
  return stop;
}
