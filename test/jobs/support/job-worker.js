// A process that runs jobs from the built product, and tells what it begins, does and stops. A job waits for as long as
// its data says, or until it is told to stop.
const [dist, address] = process.argv.slice(2);
const { openStorage } = await import(`${dist}/storage/open.js`);
const { createJobs } = await import(`${dist}/jobs/jobs.js`);
const { sleep } = await import(`${dist}/lib/clock.js`);
const { systemRandom } = await import(`${dist}/lib/ids.js`);
const { pino } = await import('pino');

const opened = await openStorage(JSON.parse(address));
if (!opened.ok) throw new Error(opened.reason);
const { jobs: backend } = opened.value;
const jobs = createJobs({ backend, log: pino({ level: 'silent' }), random: systemRandom, pollMs: 50 });

const makeKind = (lockMs) => ({
  ...{ name: 'work', atOnce: 5, lockMs, retryAfter: [] },
  async run({ n, ms }, { signal }) {
    process.send({ what: 'began', n });
    try {
      await sleep(ms, signal);
    } catch (error) {
      process.send({ what: 'stopped', n });
      throw error;
    }
    process.send({ what: 'did', n });
    return null;
  },
});

process.on('message', async ({ name, lockMs }) => {
  if (name === 'start') await jobs.start([makeKind(lockMs)]);
  if (name === 'stop') {
    await jobs.stop();
    await opened.value.close();
    process.exit(0);
  }
});
process.send({ what: 'ready', n: 0 });
