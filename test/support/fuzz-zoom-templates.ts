import type { ChannelId, PlatformId, UserId } from '../../src/channels/channel.ts';
import type { Recording } from '../../src/recordings/recording.ts';
import { makeEvent } from '../storage/support/builders.ts';
import { makeLink } from '../storage/support/zoom-builders.ts';
import type { Template } from './fuzz.ts';
import { seedRecording } from './recordings.ts';
import { withAs } from './settings-form.ts';
import type { Tool } from './tool.ts';
import type { Visitor } from './visitor.ts';
import { connectZoom } from './zoom-account.ts';

export type ZoomTarget = {
  id: ChannelId;
  platformId: PlatformId;
  userId: UserId;
  manager: Visitor;
  as: string;
  fields: { _csrf: string };
};

/** What is asked about a person's Zoom account, about linked meetings and about recordings, by somebody who has all of them. */
export async function zoomTemplates(tool: Tool, target: ZoomTarget, own: Record<string, string>): Promise<Template[]> {
  const { id, platformId, userId, manager } = target;
  await connectZoom(manager, 'ada');
  const ticket = await hiddenOn(manager, '/zoom', 'ticket');
  const link = makeLink('fuzz-link', { channelId: id, platformId, linkedBy: userId, connectionId: null });
  const noted = makeEvent('fuzz-link-added', { channelId: id, platformId, action: 'meeting.link' });
  await tool.storage.meetingLinks.addLink(link, noted);
  const shown = await seedRecording(tool, { channelId: id, ownerId: userId, platformId });
  const kept = await seedRecording(tool, { channelId: null, ownerId: userId, platformId });
  await manager.get(`${tool.url}${withAs(manager, `/channels/${id}/recordings/${shown.id}`)}`);
  const media = /\/media\/[\w.-]+/.exec(manager.html)?.[0] ?? '/media/none';
  return [
    ...accountTemplates(target, own, ticket),
    ...meetingTemplates(target, own, `/channels/${id}/meetings/${link.id}`),
    ...recordingTemplates(target, own, shown),
    ...recordingTemplates(target, own, kept),
    { method: 'GET', path: media, headers: { range: 'bytes=0-99' } },
    { method: 'GET', path: '/media/made.up' },
  ];
}

async function hiddenOn(visitor: Visitor, path: string, name: string): Promise<string> {
  await visitor.get(`${visitor.home}${withAs(visitor, path)}`);
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(visitor.html)?.[1] ?? 'made-up';
}

function makers({ as, fields }: ZoomTarget, own: Record<string, string>) {
  const get = (path: string, query: Record<string, string> = {}): Template => ({
    method: 'GET',
    path,
    query: { as, ...query },
  });
  const post = (path: string, more: Record<string, string> = {}): Template => ({
    method: 'POST',
    path,
    query: { as },
    headers: own,
    fields: { ...fields, ...more },
  });
  return { get, post };
}

const STATE = 'x'.repeat(43);
const SIGNED = { 'x-zm-signature': `v0=${'0'.repeat(64)}`, 'x-zm-request-timestamp': '1790000000' };

function accountTemplates(target: ZoomTarget, own: Record<string, string>, ticket: string): Template[] {
  const { get, post } = makers(target, own);
  const { id } = target;
  const back = { 'back-channel': id, 'back-number': '', 'back-q': 'a', 'back-cursor': '' };
  return [
    get('/zoom', { notice: 'connected', back: `/channels/${id}/meetings` }),
    get('/zoom/disconnect'),
    // A token that is none: whoever disconnects has nothing more to be asked for.
    { ...post('/zoom/disconnect'), fields: { _csrf: 'none' } },
    post('/zoom/connect', { ticket }),
    get('/zoom/callback', { state: STATE, code: 'code', error: '' }),
    get('/zoom/recordings', { channel: id, number: '', q: 'a', cursor: '', done: 'asked', count: '1', here: '1' }),
    post('/zoom/recordings/look', back),
    post('/zoom/recordings/import', { uuid: 'bm9uZQ==', to: id, visibility: 'hidden', ...back }),
    { method: 'POST', path: '/zoom/webhooks', headers: SIGNED, json: { event: 'recording.completed', payload: {} } },
  ];
}

function meetingTemplates(target: ZoomTarget, own: Record<string, string>, link: string): Template[] {
  const { get, post } = makers(target, own);
  const meetings = `/channels/${target.id}/meetings`;
  const settings = { name: 'Class', from: '2026-09-01', until: '', mode: 'ask', video: 'on', visibility: 'hidden' };
  return [
    get(meetings),
    get(`${meetings}/add`, { number: '84512345678', host: 'zoom.us' }),
    post(`${meetings}/add/look`, { text: 'Meeting ID: 845 1234 5678' }),
    post(`${meetings}/add`, { number: '84512345678', ...settings }),
    get(link),
    post(link, { ...settings, was: '{}', seenOverlap: '' }),
    post(`${link}/verify`),
    get(`${link}/remove`),
    post(`${link}/remove`),
  ];
}

function recordingTemplates(target: ZoomTarget, own: Record<string, string>, { id, channelId }: Recording): Template[] {
  const { get, post } = makers(target, own);
  const list = channelId === null ? '/recordings' : `/channels/${channelId}/recordings`;
  const one = `${list}/${id}`;
  const steps = [
    'publish',
    'unpublish',
    'approve',
    'refuse',
    'bin',
    'restore',
    'restore',
    'retry-import',
    'cancel-import',
  ];
  return [
    get(list, { q: 'a', cursor: '', show: 'all', done: 'binned', of: id }),
    get(`${list}/bin`, { cursor: '' }),
    get(one, { part: '1', t: '3' }),
    get(`${one}/edit`),
    get(`${one}/views`, { cursor: '' }),
    post(`${one}/rename`, { title: 'Cells' }),
    post(`${one}/move`, { to: channelId ?? 'library' }),
    post(`${one}/watching`, { begins: '1', part: '0', positionMs: '1000', watchedMs: '1000' }),
    ...steps.map((step) => post(`${one}/${step}`)),
  ];
}
