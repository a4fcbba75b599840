import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { createEmptyBin } from '../../src/recordings/empty-bin.ts';
import { BIN_MS, type Recording } from '../../src/recordings/recording.ts';
import { filesOf, seedRecording, userIn } from '../support/recordings.ts';
import { sameOrigin, strangerTo, tokenOf, withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;
let id: ChannelId;
let otherId: ChannelId;
/** Of another platform. */
let foreignId: ChannelId;
let platformId: Recording['platformId'];
let users: Record<'teacher' | 'helper', UserId>;
let people: Record<'teacher' | 'helper' | 'student' | 'stranger', Visitor>;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 40 } });
  const { canvas, moodle } = tool.sandbox;
  const [small, big] = [canvas.course('small'), canvas.course('big')];
  const enter = (personId: string, courseId = small.id) => launchAs(tool, canvas, { courseId, personId });
  people = {
    teacher: await enter(small.cast.instructor),
    helper: await enter(small.cast.assistant),
    student: await enter(small.cast.student),
    stranger: await enter(strangerTo(small, big), big.id),
  };
  const theirs = moodle.course('small');
  const abroad = await launchAs(tool, moodle, { courseId: theirs.id, personId: theirs.cast.instructor });
  foreignId = channelIn(abroad.url);
  otherId = channelIn(people.stranger.url);
  id = channelIn(people.teacher.url);
  await tool.settled();
  users = {
    teacher: await userIn(tool, id, small.cast.instructor),
    helper: await userIn(tool, id, small.cast.assistant),
  };
  platformId = (await tool.storage.channels.findChannel(id))?.platformId ?? platformId;
  await enterOther();
});

afterAll(() => tool.close());

/** Makes the teacher a manager of the other channel too. */
async function enterOther(): Promise<void> {
  const { canvas } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('big');
  const visitor = await launchAs(tool, canvas, { courseId, personId: cast.instructor });
  await tool.settled();
  const user = await userIn(tool, otherId, cast.instructor);
  if (user !== users.teacher) throw new Error('the two courses are taught by two people');
  await visitor.get('/healthz');
}

const inChannel = (ownerId: UserId) => ({ channelId: id, ownerId, platformId });

const at = (recording: Recording, step = '') => `/channels/${recording.channelId}/recordings/${recording.id}${step}`;

function open(visitor: Visitor, path: string): Promise<Visitor> {
  return visitor.get(withAs(visitor, path));
}

function post(visitor: Visitor, path: string, fields: Record<string, string> = {}): Promise<Visitor> {
  return visitor.post(withAs(visitor, path), { _csrf: tokenOf(visitor), ...fields }, sameOrigin(visitor));
}

async function now(recording: Recording): Promise<Recording> {
  const found = await tool.storage.recordings.findRecording(recording.id);
  if (!found) throw new Error('the recording is gone');
  return found;
}

async function change(recording: Recording, next: Partial<Recording>): Promise<void> {
  await tool.storage.recordings.changeRecording(recording.id, Date.now(), (current) => ({ ...current, ...next }));
}

describe('a recording in a channel', () => {
  it('is listed, watched with its transcript, and gone on with where one stopped', async () => {
    const recording = await seedRecording(tool, inChannel(users.teacher), { title: 'Cells <b>one</b>' }, 2);
    await open(people.student, `/channels/${id}/recordings`);
    expect(people.student.text()).toContain('Cells <b>one</b>');
    await open(people.student, at(recording));
    expect(people.student.html).toMatch(/<video[^>]* controls preload="metadata"/);
    expect(people.student.html).toMatch(/<track kind="captions" src="\/media\//);
    expect(people.student.text()).toContain('A nucleus & more inside.');
    const media = /<track kind="captions" src="(\/media\/[^"]+)"/.exec(people.student.html)?.[1] ?? '';
    const captions = await tool.visitor().get(`${tool.url}${media}`);
    expect(captions.status).toBe(403);
    expect(JSON.stringify(tool.logged)).not.toContain(media.slice(0, 40));
    expect(people.student.text()).toContain('managers of this channel see who watched');
    await post(people.student, at(recording, '/watching'), {
      begins: '1',
      part: '1',
      positionMs: '31000',
      watchedMs: '9000',
    });
    expect(people.student.status).toBe(204);
    await open(people.student, at(recording));
    expect(people.student.text()).toContain('You stopped at 0:31 in part 2.');
    await post(people.student, at(recording, '/watching'), { begins: '1', part: '2', positionMs: '0', watchedMs: '1' });
    expect(people.student.status).toBe(400);
    await open(people.student, at(recording, '/views'));
    expect(people.student.status).toBe(403);
    await open(people.teacher, at(recording, '/views'));
    expect(people.teacher.text()).toContain('1 person watched it: 1 view.');
    expect(people.teacher.text()).toContain('1:31 of 2:00');
  });

  it('is asked for again, and stopped, by its owner alone', async () => {
    const recording = await seedRecording(tool, inChannel(users.helper), { title: 'Came to nothing', parts: [] });
    await change(recording, { import: { ...recording.import, state: 'failed', fault: 'zoom-unreachable' } });
    for (const visitor of [people.teacher, people.student]) {
      await open(visitor, `/channels/${id}/recordings`);
      await post(visitor, at(recording, '/retry-import'));
      expect([403, 404]).toContain(visitor.status);
    }
    expect((await now(recording)).import.state).toBe('failed');
    await open(people.helper, `/channels/${id}/recordings`);
    expect(people.helper.html).toContain(`${recording.id}/retry-import`);
    await post(people.helper, at(recording, '/retry-import'));
    expect(people.helper.text()).toContain('The recording is asked for again.');
    // There is no Zoom account behind it, so it fails by itself if it is not stopped before.
    await post(people.helper, at(recording, '/cancel-import'));
    expect(['cancelled', 'failed']).toContain((await now(recording)).import.state);
    await change(recording, { import: { ...recording.import, state: 'done' } });
    await post(people.helper, at(recording, '/cancel-import'));
    expect(people.helper.text()).toContain('Nothing was changed');
  });

  it('exists for nobody who may not see it', async () => {
    const recording = await seedRecording(tool, inChannel(users.teacher), { visibility: 'hidden', title: 'Not yet' });
    const status = async (visitor: Visitor, path: string) => (await open(visitor, path)).status;
    for (const next of [{}, { visibility: 'published', review: 'waiting' }, { review: 'refused' }] as const) {
      await change(recording, next);
      expect(await status(people.teacher, at(recording))).toBe(200);
      expect(await status(people.student, at(recording))).toBe(404);
      expect((await open(people.student, `/channels/${id}/recordings`)).text()).not.toContain('Not yet');
      for (const step of ['publish', 'bin', 'approve', 'move', 'rename']) {
        await post(people.student, at(recording, `/${step}`), { to: 'library', title: 'x' });
        expect(people.student.status).toBe(404);
      }
    }
    await change(recording, { review: 'none' });
    expect(await status(people.student, at(recording))).toBe(200);
    await post(people.student, at(recording, '/bin'));
    expect(people.student.status).toBe(403);
    expect(await status(people.stranger, at(recording))).toBe(404);
    expect(await status(people.stranger, `/channels/${otherId}/recordings/${recording.id}`)).toBe(404);
    expect(await status(people.teacher, `/recordings/${recording.id}`)).toBe(404);
    expect((await now(recording)).deletedAt).toBeNull();
  });

  it('is renamed, hidden and published again, and the channel’s activity tells it', async () => {
    const recording = await seedRecording(tool, inChannel(users.teacher), { title: 'Before' });
    await open(people.teacher, at(recording, '/edit'));
    await people.teacher.submit(/\/rename/, { title: '  ' });
    expect(people.teacher.status).toBe(422);
    await people.teacher.submit(/\/rename/, { title: ' After\u0007 all ' });
    expect((await now(recording)).title).toBe('After all');
    expect((await now(recording)).titleGiven).toBe(true);
    await post(people.teacher, at(recording, '/unpublish'));
    expect((await open(people.student, at(recording))).status).toBe(404);
    await open(people.teacher, at(recording));
    await people.teacher.submit(/\/publish/);
    expect((await open(people.student, at(recording))).status).toBe(200);
    const told = (await open(people.teacher, `/channels/${id}/activity`)).text();
    expect(told).toContain('changed the title of the recording After all');
    expect(told).toContain('hid the recording After all');
  });

  it('waits in a moderated channel until a moderator lets it in', async () => {
    const recording = await seedRecording(tool, inChannel(users.helper), { review: 'waiting', title: 'Of a helper' });
    expect((await open(people.teacher, `/channels/${id}/recordings`)).text()).toContain('1 recording waits for you');
    await open(people.teacher, `/channels/${id}/recordings?show=waiting`);
    await people.teacher.submit(/\/approve/);
    expect((await open(people.student, at(recording))).status).toBe(200);
    expect((await open(people.teacher, `/channels/${id}/recordings`)).text()).not.toContain('waits for you');
  });

  it('goes to the bin and back, and after 90 days for good with its files', async () => {
    const recording = await seedRecording(tool, inChannel(users.teacher), { title: 'Thrown away' });
    const key = recording.parts[0]?.video?.key ?? '';
    await post(people.teacher, at(recording, '/bin'));
    expect(people.teacher.text()).toContain('can be restored for 90 days');
    expect((await open(people.student, at(recording))).status).toBe(404);
    expect((await open(people.teacher, '/recordings/bin')).text()).toContain('Thrown away');
    await open(people.teacher, `/channels/${id}/recordings/bin`);
    await people.teacher.submit(/\/restore/);
    expect((await open(people.student, at(recording))).status).toBe(200);

    await change(recording, { deletedAt: Date.now() - BIN_MS - 1 });
    await post(people.teacher, at(recording, '/restore'));
    expect((await now(recording)).deletedAt).not.toBeNull();
    const files = filesOf(tool);
    const log = { info: () => undefined } as never;
    const emptyBin = createEmptyBin({ ...tool.storage, files, clock: Date.now, log });
    const job = { id: '1', signal: new AbortController().signal, log, progress: async () => undefined };
    expect(await files.size(key)).not.toBeNull();
    await emptyBin.run({}, job);
    expect(await files.size(key)).toBeNull();
    expect(await tool.storage.recordings.findRecording(recording.id)).toBeNull();
  });

  it('moves where its mover may put it, and nowhere else', async () => {
    const recording = await seedRecording(tool, inChannel(users.teacher), { title: 'Wanders' });
    await open(people.teacher, at(recording, '/edit'));
    await people.teacher.submit(/\/move/, { to: otherId });
    expect(await now(recording)).toMatchObject({ channelId: otherId, review: 'none' });
    expect((await open(people.student, at(recording))).status).toBe(404);
    expect((await open(people.stranger, `/channels/${otherId}/recordings/${recording.id}`)).status).toBe(200);
    const helpers = await seedRecording(tool, inChannel(users.helper), { title: 'Of a helper, too' });
    await open(people.helper, at(helpers));
    for (const to of [foreignId, 'no-such-channel', id]) {
      await post(people.helper, at(helpers, '/move'), { to });
      expect((await now(helpers)).channelId).toBe(id);
    }
    await post(people.helper, at(helpers, '/move'), { to: 'library' });
    expect((await now(helpers)).channelId).toBeNull();
    expect((await open(people.helper, '/recordings')).text()).toContain('Of a helper, too');
    expect((await open(people.teacher, `/recordings/${helpers.id}`)).status).toBe(404);
    expect((await open(people.helper, `/recordings/${helpers.id}`)).status).toBe(200);
  });
});

describe('a channel that ends', () => {
  it('sends its recordings home, and gets them back when it is restored', async () => {
    const mine = await seedRecording(tool, inChannel(users.teacher), { title: 'Mine at the end' });
    const hidden = await seedRecording(tool, inChannel(users.helper), {
      title: 'Hers at the end',
      visibility: 'hidden',
    });
    const binned = await seedRecording(tool, inChannel(users.teacher), { deletedAt: Date.now() });
    const stays = await seedRecording(tool, inChannel(users.teacher), { title: 'Finds another home' });
    await open(people.teacher, `/channels/${id}/delete`);
    expect(people.teacher.text()).toContain('are not deleted');
    await people.teacher.submit(/\/delete/);
    for (const one of [mine, hidden, binned, stays]) {
      await expect.poll(async () => (await now(one)).channelId, { timeout: 10_000 }).toBeNull();
      expect((await now(one)).formerChannelId).toBe(id);
    }
    await open(people.helper, '/recordings');
    expect(people.helper.text()).toContain('Hers at the end');
    expect(people.helper.text()).toMatch(/Was in .*, which was deleted/);
    expect(people.helper.text()).not.toContain('Mine at the end');
    expect((await open(people.student, `/recordings/${mine.id}`)).status).toBe(404);
    await post(people.teacher, `/recordings/${stays.id}/move`, { to: otherId });
    await post(people.teacher, `/channels/${id}/restore`);
    for (const one of [mine, hidden, binned]) {
      await expect.poll(async () => (await now(one)).channelId, { timeout: 10_000 }).toBe(id);
    }
    expect((await now(hidden)).visibility).toBe('hidden');
    expect((await now(stays)).channelId).toBe(otherId);
  });

  it('can send them to another channel that one manages, and to no other', async () => {
    const recording = await seedRecording(tool, inChannel(users.helper), { title: 'Moves on' });
    await open(people.teacher, `/channels/${id}/delete`);
    await people.teacher.submit(/\/delete/, { recordingsTo: 'no-such-channel' });
    expect(people.teacher.status).toBe(403);
    expect((await tool.storage.channels.findChannel(id))?.deletedAt).toBeNull();
    await open(people.teacher, `/channels/${id}/delete`);
    await people.teacher.submit(/\/delete/, { recordingsTo: otherId });
    await expect.poll(async () => (await now(recording)).channelId, { timeout: 10_000 }).toBe(otherId);
  });
});
