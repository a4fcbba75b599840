/** Each round somebody else has written: nobody is so unlucky this often. */
const ROUNDS = 200;

/** Reads, decides and writes anew for as long as somebody else was quicker, which an attempt tells by null. */
export async function untilWritten<Value>(attempt: () => Promise<{ is: Value } | null>): Promise<Value> {
  for (let round = 0; round < ROUNDS; round++) {
    const done = await attempt();
    if (done) return done.is;
  }
  throw new Error('a document was changed by others again and again');
}
