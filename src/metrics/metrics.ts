import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { JobsOfKind } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { LmsCall } from '../lti/lms-calls.ts';
import { type LaunchOutcome, OPEN_REFUSALS } from '../lti/open-refusals.ts';
import { LTI_REFUSALS } from '../lti/refusals.ts';
import type { EndedRequest, RequestWatch } from '../web/request-watch.ts';
import type { ZoomCallEnd } from '../zoom/zoom-sending.ts';
import { createJobReading } from './job-reading.ts';
import type { EndedSync } from './watch-syncs.ts';

/** What one process has counted since it began; each process is read by itself. */
export type Metrics = RequestWatch & {
  launchEnded(outcome: LaunchOutcome): void;
  syncEnded(sync: EndedSync): void;
  lmsCalled(call: LmsCall): void;
  zoomCalled(call: ZoomCallEnd): void;
  /** Of the text, for the `Content-Type` header. */
  contentType: string;
  /** Everything, in Prometheus's text format. */
  text(): Promise<string>;
};

export type MetricsDeps = {
  version: string;
  /** Jobs by kind, from the store that all processes share; left out, there are no metrics of jobs. */
  jobs?: () => Promise<JobsOfKind[]>;
  /** The machine's time, which jobs go by. */
  clock: Clock;
};

/** From what a cached page takes to what nobody waits for, in seconds. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A page of a roster may take an LMS a minute. */
const LMS_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90];
/** A small course takes a second; a slow LMS may be given three quarters of an hour. */
const SYNC_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 2700];

/** A registry of its own with everything that is counted. Names and labels are what dashboards and alerts are made of. */
export function createMetrics(deps: MetricsDeps): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    ...named('rostrum_build_info', 'Always 1; the versions that run.', ['version', 'node']),
    ...on(registry),
  })
    .labels({ version: deps.version, node: process.versions.node })
    .set(1);
  const readJobs = deps.jobs ? jobGauges(registry, deps.jobs, deps.clock) : async () => {};
  return {
    ...requestMetrics(registry),
    launchEnded: launchMetrics(registry),
    syncEnded: syncMetrics(registry),
    lmsCalled: lmsMetrics(registry),
    zoomCalled: zoomMetrics(registry),
    contentType: registry.contentType,
    async text() {
      await readJobs();
      return registry.metrics();
    },
  };
}

function named<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) {
  return { name, help, labelNames };
}

function on(registry: Registry): { registers: Registry[] } {
  return { registers: [registry] };
}

function requestMetrics(registry: Registry): RequestWatch {
  const labels = ['method', 'route', 'status'] as const;
  const requests = new Counter({
    ...named('rostrum_http_requests_total', 'Requests answered.', labels),
    ...on(registry),
  });
  const durations = new Histogram({
    ...named('rostrum_http_request_duration_seconds', 'From the request to the end of its answer.', labels),
    ...on(registry),
    buckets: REQUEST_BUCKETS,
  });
  const streams = new Gauge({ ...named('rostrum_event_streams', 'Event streams open now.'), ...on(registry) });
  streams.set(0);
  return {
    requestEnded({ method, route, status, ms }) {
      const labelled = { method: methodLabel(method), route, status: statusLabel(status) };
      requests.inc(labelled);
      if (ms !== null) durations.observe(labelled, ms / 1000);
    },
    streamOpened() {
      streams.inc();
      return () => streams.dec();
    },
  };
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function methodLabel(method: string): string {
  return METHODS.includes(method) ? method : 'other';
}

function statusLabel(status: EndedRequest['status']): string {
  return status === null ? 'aborted' : `${Math.floor(status / 100)}xx`;
}

function launchMetrics(registry: Registry): Metrics['launchEnded'] {
  const help = 'Launches, and logins that led to none, by what became of them.';
  const launches = new Counter({ ...named('rostrum_launches_total', help, ['outcome'] as const), ...on(registry) });
  // From the start at 0: the first refusal of a kind is a rise that an alert sees.
  const known = ['ok', 'error', 'no-access', ...Object.keys(LTI_REFUSALS), ...Object.keys(OPEN_REFUSALS)];
  for (const outcome of known) launches.inc({ outcome }, 0);
  return (outcome) => launches.inc({ outcome });
}

function syncMetrics(registry: Registry): Metrics['syncEnded'] {
  const help = 'Roster syncs that came to an end here, or were put off.';
  const labels = ['outcome', 'reason', 'trigger'] as const;
  const syncs = new Counter({ ...named('rostrum_syncs_total', help, labels), ...on(registry) });
  const durations = new Histogram({
    ...named('rostrum_sync_duration_seconds', 'From the start of a sync to its end.', ['outcome'] as const),
    ...on(registry),
    buckets: SYNC_BUCKETS,
  });
  return ({ outcome, reason, trigger, ms }) => {
    syncs.inc({ outcome, reason: reason ?? 'none', trigger });
    if (ms !== null) durations.observe({ outcome }, ms / 1000);
  };
}

function lmsMetrics(registry: Registry): Metrics['lmsCalled'] {
  const labels = ['kind', 'outcome'] as const;
  const calls = new Counter({ ...named('rostrum_lms_calls_total', 'Calls to LMSs.', labels), ...on(registry) });
  const durations = new Histogram({
    ...named('rostrum_lms_call_duration_seconds', 'From a call to an LMS to the end of its answer.', ['kind'] as const),
    ...on(registry),
    buckets: LMS_BUCKETS,
  });
  return ({ purpose: kind, outcome, ms }) => {
    calls.inc({ kind, outcome });
    durations.observe({ kind }, ms / 1000);
  };
}

function zoomMetrics(registry: Registry): Metrics['zoomCalled'] {
  const labels = ['purpose', 'outcome'] as const;
  const calls = new Counter({ ...named('rostrum_zoom_calls_total', "Calls to Zoom's API.", labels), ...on(registry) });
  const help = "From a call to Zoom's API to the end of its answer.";
  const durations = new Histogram({
    ...named('rostrum_zoom_call_duration_seconds', help, ['purpose'] as const),
    ...on(registry),
    buckets: LMS_BUCKETS,
  });
  return ({ purpose, outcome, ms }) => {
    calls.inc({ purpose, outcome });
    durations.observe({ purpose }, ms / 1000);
  };
}

function jobGauges(registry: Registry, overview: () => Promise<JobsOfKind[]>, clock: Clock): () => Promise<void> {
  const help = 'Jobs by kind and state, in the store that all processes share.';
  const jobs = new Gauge({ ...named('rostrum_jobs', help, ['kind', 'state'] as const), ...on(registry) });
  const waits = new Gauge({
    ...named('rostrum_jobs_oldest_due_seconds', 'How long the oldest due job has waited; 0 when none is due.', [
      'kind',
    ] as const),
    ...on(registry),
  });
  const up = new Gauge({ ...named('rostrum_jobs_up', 'Whether the jobs could be read: 1, else 0.'), ...on(registry) });
  const read = createJobReading({ overview, clock });
  return async () => {
    const kinds = await read();
    jobs.reset();
    waits.reset();
    up.set(kinds === null ? 0 : 1);
    for (const { name: kind, oldestDueAt, ...counts } of kinds ?? []) {
      for (const state of ['waiting', 'due', 'running', 'failed'] as const) jobs.set({ kind, state }, counts[state]);
      waits.set({ kind }, oldestDueAt === null ? 0 : Math.max(0, clock() - oldestDueAt) / 1000);
    }
  };
}
