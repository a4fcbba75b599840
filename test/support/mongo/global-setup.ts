import { findMongo } from './find-server.ts';

/** Once before all tests on MongoDB: a server for them, whose address the tests find in `TEST_MONGODB_URI`. */
export default async function setup(): Promise<() => Promise<void>> {
  const { uri, from, stop } = await findMongo();
  process.env.TEST_MONGODB_URI = uri;
  process.stderr.write(`The tests run on MongoDB from ${from}\n`);
  return stop;
}
