import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import { freePort } from '../support/tool.ts';
import { Visitor } from '../support/visitor.ts';

const BIG = 10_000;
const ROUNDS = 8;
let dataDir: string;
let url: string;
let sandboxUrl: string;
let env: Record<string, string>;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'rostrum-kill-'));
  const [port, sandboxPort] = await Promise.all([freePort(), freePort()]);
  url = `http://localhost:${port}`;
  sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  env = {
    ...(process.env as Record<string, string>),
    PORT: `${port}`,
    SANDBOX_PORT: `${sandboxPort}`,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'fatal',
  };
});

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function startProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await expect.poll(() => said, { timeout: 20_000 }).toContain('Rostrum is ready');
  return child;
}

/** Launches the instructor of the big Canvas course; the first launch asks for a sync. */
async function launchBig(): Promise<ChannelId> {
  const visitor = new Visitor(url);
  await visitor.get(`${sandboxUrl}/canvas/sandbox/launch?course=102&as=${await instructorOf('102')}`);
  const [form] = visitor.forms();
  await visitor.post(form!.action, form!.fields);
  await visitor.followForms();
  return /\/channels\/([^/?]+)/.exec(visitor.url)![1] as ChannelId;
}

async function instructorOf(course: string): Promise<string> {
  const home = await (await fetch(sandboxUrl)).text();
  return new RegExp(`/canvas/courses/${course}\\?as=([^"&]+)`).exec(home)![1]!;
}

async function readStore(): Promise<{ members: Membership[]; runs: SyncRun[]; channelId: ChannelId | null }> {
  const opened = openSqlite({ path: join(dataDir, 'rostrum.sqlite') });
  if (!opened.ok) throw new Error(opened.reason);
  const storage = opened.value;
  const [channel] = (await storage.channels.listChannels({}, { limit: 1 })).items;
  const members: Membership[] = [];
  for await (const slice of channel ? storage.memberships.allMembers(channel.id, 500) : []) members.push(...slice);
  const runs = channel ? await storage.syncs.listSyncs(channel.id, 10) : [];
  await storage.close();
  return { members, runs, channelId: channel?.id ?? null };
}

it(`leaves right memberships when the process is killed at any of ${ROUNDS} moments, and the next start finishes`, async () => {
  let child = await startProcess();
  const channelId = await launchBig();
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((resolve) => setTimeout(resolve, 15 + Math.floor(Math.random() * 1_200)));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { members, runs } = await readStore();
    // Each membership is as before (not there) or as after (wholly there), and the run is one that will be found.
    for (const member of members) {
      expect(member.active && (member.rosterLevel !== null || member.launchLevel !== null)).toBe(true);
      expect(member.person.name === null || member.person.name.length > 0).toBe(true);
    }
    expect(['queued', 'running', 'applied']).toContain(runs[0]?.state);
    child = await startProcess();
  }
  await expect.poll(async () => (await readStore()).runs[0]?.state, { timeout: 90_000, interval: 500 }).toBe('applied');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  const { members, runs } = await readStore();
  expect(runs).toHaveLength(1);
  expect(members.filter((member) => member.rosterLevel !== null)).toHaveLength(BIG);
  expect(new Set(members.map((member) => member.subject)).size).toBe(members.length);
  expect(members.every((member) => member.channelId === channelId)).toBe(true);
}, 240_000);
