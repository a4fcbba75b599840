import type { ZoomCore } from '../state.ts';
import type { RecordingEvents } from '../webhooks/recording-events.ts';
import { dayOf, makeRecording, type NewZoomRecording, type SandboxFile, type SandboxRecording } from './recording.ts';

export type { NewZoomRecording, SandboxFile, SandboxRecording } from './recording.ts';

/** The recordings of the sandbox's Zoom. Adding and changing them tells the tool by webhooks. */
export type ZoomRecordings = {
  /** Throws when the UUID is taken. */
  add(recording: NewZoomRecording): { uuid: string };
  /** Of one host, or all; newest first, those in the trash too. */
  list(host?: string): SandboxRecording[];
  get(uuid: string): SandboxRecording | undefined;
  /** The newest of a meeting number that is not in the trash. */
  latest(number: string): SandboxRecording | undefined;
  fileOf(key: string): { recording: SandboxRecording; file: SandboxFile } | undefined;
  /** A transcript that was late, or that nobody expected any more, is there now. */
  addTranscript(uuid: string): void;
  rename(uuid: string, topic: string): void;
  /** Puts it into the trash for 30 days; with `fileId`, that file alone. */
  trash(uuid: string, fileId?: string): void;
  recover(uuid: string, fileId?: string): void;
  /** Nothing is left. */
  remove(uuid: string, fileId?: string): void;
  /** As if nobody had ever recorded anything. */
  clear(): void;
  reset(): void;
};

const TRASH_DAYS = 30;
const DAY = 86_400_000;

type StoreDeps = {
  core: Pick<ZoomCore, 'clock' | 'users' | 'meetings'>;
  events: RecordingEvents;
  seed(store: ZoomRecordings): void;
};

export function createRecordingStore({ core, events, seed }: StoreDeps): ZoomRecordings {
  const recordings = new Map<string, SandboxRecording>();
  const now = () => core.clock.now();
  const need = (uuid: string) => {
    const found = store.get(uuid);
    if (!found) throw new Error(`The sandbox's Zoom has no recording ${uuid}`);
    return found;
  };
  const needFile = (uuid: string, fileId: string) => {
    const file = need(uuid).files.find(({ id }) => id === fileId);
    if (!file) throw new Error(`The recording ${uuid} has no file ${fileId}`);
    return file;
  };
  const store: ZoomRecordings = {
    add(asked) {
      const user = core.users.get(asked.host);
      const meeting = core.meetings.get(asked.number);
      const { topic, type, timezone } = meeting ?? { topic: 'A meeting', type: 2, timezone: user.timezone };
      const recording = makeRecording(asked, { topic, type, timezone, user, now: now() });
      if (recordings.has(recording.uuid))
        throw new Error(`The sandbox's Zoom has a recording ${recording.uuid} already`);
      recordings.set(recording.uuid, recording);
      const { uuid, host, number, startedAt, durationMs } = recording;
      core.meetings.addInstance({ host, number, topic: recording.topic }, { uuid, startedAt, durationMs });
      if (!asked.quiet) events.added(recording);
      return { uuid };
    },
    list(host) {
      sweep(recordings, now());
      return [...recordings.values()]
        .filter((recording) => host === undefined || recording.host === host)
        .sort((a, b) => b.startedAt - a.startedAt);
    },
    get(uuid) {
      sweep(recordings, now());
      return recordings.get(uuid);
    },
    latest: (number) => store.list().find((one) => one.number === number && one.trashedAt === null),
    fileOf(key) {
      for (const recording of store.list()) {
        const file = recording.files.find((one) => one.key === key);
        if (file) return { recording, file };
      }
      return undefined;
    },
    addTranscript(uuid) {
      addTranscript(need(uuid), now());
      events.transcript(need(uuid));
    },
    rename(uuid, topic) {
      const recording = need(uuid);
      const before = recording.topic;
      recording.topic = topic;
      events.renamed(recording, before);
    },
    trash(uuid, fileId) {
      if (fileId === undefined) need(uuid).trashedAt = now();
      else needFile(uuid, fileId).trashedAt = now();
      events.changed('trashed', need(uuid), fileId);
    },
    recover(uuid, fileId) {
      if (fileId === undefined) Object.assign(need(uuid), { trashedAt: null, autoDeleteOn: null });
      else needFile(uuid, fileId).trashedAt = null;
      events.changed('recovered', need(uuid), fileId);
    },
    remove(uuid, fileId) {
      const recording = need(uuid);
      events.changed('deleted', recording, fileId);
      if (fileId === undefined) recordings.delete(uuid);
      else recording.files = recording.files.filter(({ id }) => id !== fileId);
    },
    clear: () => recordings.clear(),
    reset() {
      recordings.clear();
      seed(store);
    },
  };
  store.reset();
  return store;
}

// The transcript of a segment takes the length of its first other file.
function addTranscript(recording: SandboxRecording, at: number): void {
  recording.transcript = 'late';
  for (const index of new Set(recording.files.map(({ segment }) => segment))) {
    const inSegment = recording.files.filter(({ segment }) => segment === index);
    const waiting = inSegment.find(({ kind }) => kind === 'transcript');
    const [model] = inSegment;
    if (waiting) Object.assign(waiting, { appearsAt: Math.min(waiting.appearsAt, at), readyAt: at });
    else if (model) {
      const id = `${model.id.slice(0, -1)}${model.id.endsWith('t') ? 'u' : 't'}`;
      const same = {
        kind: 'transcript',
        layout: 'audio_transcript',
        variant: 0,
        bytes: null,
        trashedAt: null,
      } as const;
      recording.files.push({ ...model, ...same, id, key: `${model.key}t`, appearsAt: at, readyAt: at, serial: 0 });
    }
  }
}

// What the settings delete goes to the trash by itself, and what was long enough there is gone.
function sweep(recordings: Map<string, SandboxRecording>, now: number): void {
  for (const recording of recordings.values()) {
    const due = recording.autoDeleteOn;
    if (due !== null && recording.trashedAt === null && due < dayOf(now)) recording.trashedAt = Date.parse(due) + DAY;
    if (isOver(recording.trashedAt, now)) recordings.delete(recording.uuid);
    else recording.files = recording.files.filter(({ trashedAt }) => !isOver(trashedAt, now));
  }
}

function isOver(trashedAt: number | null, now: number): boolean {
  return trashedAt !== null && now > trashedAt + TRASH_DAYS * DAY;
}
