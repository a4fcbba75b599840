import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { request } from 'undici';
import type { Copy, CopyAsk } from './servers/bare-copy.ts';
import type { RostrumStart } from './servers/rostrum.ts';
import type { OneVideo, ZoomAccount, ZoomApp } from './servers/zoom.ts';
import { type Child, startChild } from './support/child.ts';
import { type Engine, startTool } from './support/engine.ts';
import { type ImportOwner, type MeasuredImport, RESOLUTION_MS } from './support/importing.ts';
import type { LaunchTarget } from './support/launch-types.ts';
import { median, quantile, readableMs } from './support/numbers.ts';
import type { Row } from './support/table.ts';

/** How many recordings of what size are imported at a time, and how often that is done. */
export type ImportSizes = { repetitions: number; recordings: number; megabytes: number };

const MB = 1e6;
const PUBLIC_URL = 'https://tool.example';
/** What the product does at a time of one Zoom account, and so does the copying. */
const AT_ONCE = 2;
const GOALS = { megabytes: 200, rate: 0.8, pauseMs: 50, memoryMb: 100 };
const WARM_UP = { count: 4, bytes: 2 * MB };
/** So many of them are also copied without waiting for the disk. */
const LOOSE = 10;
/** Between two requests while imports run. */
const ASK_EVERY_MS = 20;

type Repetition = {
  /** Before and after the imports. */
  copies: Copy[];
  /** Without waiting for the disk. */
  loose: Copy;
  imported: MeasuredImport;
  requests: number[];
  /** The longest pause of a process that does next to nothing meanwhile: so much of the others is the machine's. */
  restMs: number;
  memoryMb: number;
};

/** Imports of one Zoom account to disk, against loading the same bytes over loopback HTTP into files. */
export async function measureImports(sizes: ImportSizes, engine: Engine): Promise<Row[]> {
  checkDisk(sizes);
  const all: Repetition[] = [];
  for (let i = 0; i < sizes.repetitions; i++) all.push(await repeat(sizes, engine));
  return rowsOf(sizes, all);
}

/** Rather say so at once than fill the disk in the middle. What was imported stays beside the last copy. */
function checkDisk({ recordings, megabytes }: ImportSizes): void {
  const needed = recordings * megabytes * MB * 2.1;
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < needed) throw new Error(`${tmpdir()} has no room for ${(needed / 1e9).toFixed(1)} GB`);
}

async function repeat({ recordings, megabytes }: ImportSizes, engine: Engine): Promise<Repetition> {
  const zoom = startChild('zoom');
  const tool = startTool(engine);
  const copier = startChild('bare-copy');
  try {
    const app = await zoom.ask<ZoomApp>('start', PUBLIC_URL);
    const start: RostrumStart = { port: 0, publicUrl: PUBLIC_URL, platforms: [], zoom: app };
    const { origin } = await tool.ask<LaunchTarget>('start', start);
    const account = await zoom.ask<ZoomAccount>('connect');
    const owner = await tool.ask<ImportOwner>('connectZoom', account);
    const bring = (videos: OneVideo[]) => tool.ask<MeasuredImport>('import', { owner, videos });
    const copy = async (videos: OneVideo[], sync: boolean) => {
      const addresses = videos.map(({ address }) => address);
      const ask: CopyAsk = { addresses, token: account.tokens.access, atOnce: AT_ONCE, sync };
      return checked(await copier.ask<Copy>('copy', ask), videos);
    };
    // Loads what imports need, so that it is not taken for memory of theirs.
    const small = await zoom.ask<OneVideo[]>('record', WARM_UP);
    await copy(small, true);
    checked(await bring(small), small);

    const videos = await zoom.ask<OneVideo[]>('record', { count: recordings, bytes: megabytes * MB });
    const loose = await copy(videos.slice(0, LOOSE), false);
    const before = await copy(videos, true);
    const idle = await tool.ask<{ rss: number }>('memory');
    const asking = askMeanwhile(origin);
    const imported = checked(await bring(videos), videos);
    const { times: requests, restMs } = await asking.stop();
    const { peak } = await tool.ask<{ peak: number }>('memory');
    const copies = [before, await copy(videos, true)];
    const measured = { copies, loose, imported, requests, restMs, memoryMb: (peak - idle.rss) / 2 ** 20 };
    console.error(lineOf(measured));
    return measured;
  } finally {
    await Promise.all([zoom, tool, copier].map((child: Pick<Child, 'stop'>) => child.stop()));
  }
}

function checked<Measured extends { bytes: number }>(measured: Measured, videos: readonly OneVideo[]): Measured {
  const bytes = videos.reduce((sum, video) => sum + video.bytes, 0);
  if (measured.bytes !== bytes) throw new Error(`${measured.bytes} bytes came, of ${bytes}`);
  return measured;
}

/** Asks the tool for its smallest page again and again; what that takes longer than alone is time in which nobody is answered. */
function askMeanwhile(origin: string): { stop(): Promise<{ times: number[]; restMs: number }> } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const times: number[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const begun = performance.now();
      const { statusCode, body } = await request(`${origin}/healthz`);
      await body.dump();
      if (statusCode !== 200) throw new Error(`/healthz: ${statusCode}`);
      times.push(performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  })();
  asking.catch(() => {});
  return {
    async stop() {
      isOver = true;
      await asking;
      delay.disable();
      return { times, restMs: delay.max / 1e6 - RESOLUTION_MS };
    },
  };
}

function rateOf({ bytes, ms }: { bytes: number; ms: number }): number {
  return bytes / MB / (ms / 1000);
}

function meanRate(copies: readonly Copy[]): number {
  const sum = (of: (copy: Copy) => number) => copies.reduce((all, copy) => all + of(copy), 0);
  return rateOf({ bytes: sum(({ bytes }) => bytes), ms: sum(({ ms }) => ms) });
}

/** CPU of a gigabyte, in milliseconds. */
function cpuOf({ cpu, bytes }: { cpu: number; bytes: number }): number {
  return cpu / (bytes / 1e9);
}

function lineOf({ copies, loose, imported, requests, restMs, memoryMb }: Repetition): string {
  const rate = (of: { bytes: number; ms: number }) => `${rateOf(of).toFixed(0)} MB/s`;
  return (
    `import: ${rate(imported)}, CPU ${cpuOf(imported).toFixed(0)} ms/GB, pause ${imported.pauseMs.toFixed(0)} ms (at rest ${restMs.toFixed(0)} ms), ` +
    `requests at most ${Math.max(...requests).toFixed(0)} ms of ${requests.length}, memory ${memoryMb.toFixed(0)} MB; ` +
    `copy ${copies.map((copy) => `${rate(copy)}, CPU ${cpuOf(copy).toFixed(0)} ms/GB`).join('; ')}; not waiting for the disk ${rate(loose)}`
  );
}

function rowsOf({ recordings, megabytes }: ImportSizes, all: readonly Repetition[]): Row[] {
  const of = (read: (one: Repetition) => number) => median(all.map(read));
  const ratio = of(({ imported, copies }) => rateOf(imported) / meanRate(copies));
  const toLoose = of(({ imported, loose }) => rateOf(imported) / rateOf(loose));
  const name = `${recordings} recordings of ${megabytes} MB`;
  const mbPerSecond = (value: number) => `${value.toFixed(0)} MB/s`;
  const cpu = (value: number) => `CPU ${readableMs(value)} a GB`;
  const pauseMs = of(({ imported }) => imported.pauseMs);
  const restMs = of((one) => one.restMs);
  const memory = of(({ memoryMb }) => memoryMb);
  const longest = of(({ requests }) => Math.max(...requests));
  return [
    {
      what: `Import of ${name}, ${AT_ONCE} at once of one account`,
      measured: `${mbPerSecond(of(({ imported }) => rateOf(imported)))}, ${cpu(of(({ imported }) => cpuOf(imported)))}`,
      ratio: `${(ratio * 100).toFixed(0)} % of a bare copy`,
      ...(megabytes === GOALS.megabytes ? { goal: `at least ${GOALS.rate * 100} %`, ok: ratio >= GOALS.rate } : {}),
    },
    {
      what: `Bare copy of the same, ${AT_ONCE} at once, written to the disk`,
      measured: `${mbPerSecond(of(({ copies }) => meanRate(copies)))}, ${cpu(of(({ copies }) => median(copies.map(cpuOf))))}`,
    },
    {
      what: `Bare copy of ${Math.min(LOOSE, recordings)} of them, not waiting for the disk`,
      measured: `${mbPerSecond(of(({ loose }) => rateOf(loose)))}, ${cpu(of(({ loose }) => cpuOf(loose)))}`,
      ratio: `import has ${(toLoose * 100).toFixed(0)} % of it`,
    },
    {
      what: `Longest pause in imports`,
      measured: readableMs(pauseMs),
      ratio: `a process at rest had ${readableMs(restMs)}`,
      goal: `at most ${GOALS.pauseMs} ms`,
      ok: pauseMs <= GOALS.pauseMs,
    },
    {
      what: `Requests during imports`,
      measured: `p95 ${readableMs(of(({ requests }) => quantile(requests, 0.95)))}, longest ${readableMs(longest)}`,
      goal: `at most ${GOALS.pauseMs} ms`,
      ok: longest <= GOALS.pauseMs,
    },
    {
      what: `Memory of imports, above idle`,
      measured: `${memory.toFixed(0)} MB`,
      goal: `under ${GOALS.memoryMb} MB`,
      ok: memory < GOALS.memoryMb,
    },
  ];
}
