import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import type { Reader } from '../lib/reader.ts';
import type { Result } from '../lib/result.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import { readState } from './activity.ts';
import { actorName, peopleIn } from './activity-page.ts';
import { type ChangeChannelRefusal, type ChangedChannel, changeChannel } from './change-channel.ts';
import type { Channel, ChannelId, UserId } from './channel.ts';
import type { ChannelContents } from './channel-contents.ts';
import { changeOwner } from './channel-owner.ts';
import { can } from './channel-policy.ts';
import type { ActivityEvent, ActivityStore, ChannelStore, LeaseStore, MembershipStore } from './channel-store.ts';
import { deleteChannel } from './delete-channel.ts';
import { deletePage } from './delete-page.ts';
import { passOnPage } from './pass-on-page.ts';
import { type SettingField, settingText, tellsOf } from './setting-texts.ts';
import {
  changedMeanwhile,
  mergeSettings,
  readSettingsForm,
  type SettingsForm,
  settingFaults,
  settingsChange,
  settingsValues,
} from './settings-form.ts';
import { type FieldConflict, type SettingsFacts, settingsPage } from './settings-page.ts';
import { guardWith, placeOf, type Visit, type VisitHandler } from './visit-routes.ts';

export type SettingsRoutesDeps = {
  viewers: Viewers;
  channels: ChannelStore;
  memberships: MembershipStore;
  activity: ActivityStore;
  leases: LeaseStore;
  contents?: ChannelContents;
  csrf: RequestHandler;
  clock: Clock;
  random: Random;
};

/** What can be set of a channel, whose it is, and its end. */
export function settingsRoutes(deps: SettingsRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  routes.get(
    '/channels/:id/settings',
    guard('manage-settings', (visit) => showSettings(deps, visit)),
  );
  routes.post('/channels/:id/settings', deps.csrf, guard('manage-settings', saveSettings(deps)));
  routes.get('/channels/:id/pass-on', guard('change-owner', askToPassOn(deps)));
  routes.post('/channels/:id/settings/owner', deps.csrf, guard('change-owner', passOn(deps)));
  routes.get('/channels/:id/delete', guard('delete-channel', askToDelete(deps)));
  routes.post('/channels/:id/delete', deps.csrf, guard('delete-channel', deleteIt(deps)));
  return routes;
}

const MANAGERS_OFFERED = 200;

type Shown = Partial<Pick<SettingsFacts, 'faults' | 'typed' | 'conflict'>> & { status?: number };

async function showSettings(deps: SettingsRoutesDeps, visit: Visit, shown: Shown = {}): Promise<void> {
  const { req, res, viewer, links } = visit;
  const { id, ownerId } = viewer.channel;
  const { memberships } = deps;
  const mayPassOn = can(viewer, 'change-owner', viewer.channel);
  const managers = mayPassOn
    ? await memberships.listMembers(id, { level: 'manager', active: true }, { limit: MANAGERS_OFFERED })
    : null;
  const facts: SettingsFacts = {
    counts: await memberships.countMembers(id),
    owner: ownerId && (await memberships.findUser(ownerId)),
    managers: managers?.items ?? [],
    hasMoreManagers: (managers?.nextCursor ?? null) !== null,
    faults: shown.faults ?? {},
    typed: shown.typed ?? null,
    conflict: shown.conflict ?? null,
  };
  const place = placeOf(req, 'settings', await deps.channels.contextsOfChannel(id));
  const page = settingsPage(viewer, facts, { links, reader: readerOf(req), place });
  renderPage(req, res, 'channels/settings', page, { status: shown.status ?? 200 });
}

function saveSettings(deps: SettingsRoutesDeps): VisitHandler {
  return async (visit) => {
    const { req, res, viewer, links } = visit;
    const form = readSettingsForm(req.body);
    if (!form) return respondProblem(req, res, 'bad-request');
    const faults = settingFaults(form.values);
    if (Object.keys(faults).length > 0) return showSettings(deps, visit, { faults, typed: form.values, status: 422 });
    const saved = await save(deps, visit, form);
    if (saved.ok) {
      const { activityId } = saved.value;
      const notice = activityId === null ? 'settings-unchanged' : 'settings-saved';
      return redirect(res, 303, links.settings({ notice, undo: activityId }));
    }
    if (saved.reason === 'no-such-channel') return respondProblem(req, res, saved.reason);
    if (saved.reason === 'changed-meanwhile') return showConflict(deps, visit, form);
    const channel = (await deps.channels.findChannel(viewer.channel.id)) ?? viewer.channel;
    const taken = { faults: { referenceId: 'taken' }, typed: form.values, status: 422 } as const;
    return showSettings(deps, { ...visit, viewer: { ...viewer, channel } }, taken);
  };
}

/** A launch that brings a new title makes a new version too; only what people set is a reason to ask again. */
async function save(
  deps: SettingsRoutesDeps,
  { viewer }: Visit,
  form: SettingsForm,
): Promise<Result<ChangedChannel, ChangeChannelRefusal>> {
  const { channel } = viewer;
  const untouched = changedMeanwhile(form.was, settingsValues(channel)).length === 0;
  return changeChannel(deps, {
    channelId: channel.id,
    change: settingsChange(form.values, channel),
    version: untouched ? channel.version : form.version,
    actor: `user:${viewer.userId}`,
  });
}

async function showConflict(deps: SettingsRoutesDeps, visit: Visit, form: SettingsForm): Promise<void> {
  const channel = await deps.channels.findChannel(visit.viewer.channel.id);
  if (!channel || channel.deletedAt !== null) return respondProblem(visit.req, visit.res, 'no-such-channel');
  const now = settingsValues(channel);
  const conflict = await whoChanged(deps, visit, changedMeanwhile(form.was, now), { channel, was: form.was });
  const typed = mergeSettings(form, now);
  const viewer = { ...visit.viewer, channel };
  await showSettings(deps, { ...visit, viewer }, { typed, conflict, status: 409 });
}

const CHANGES_LOOKED_AT = 200;

async function whoChanged(
  { activity, memberships }: SettingsRoutesDeps,
  { req }: Visit,
  fields: readonly SettingField[],
  { channel, was }: { channel: Channel; was: SettingsForm['was'] },
): Promise<FieldConflict[]> {
  const { items: changes } = await activity.listActivity(channel.id, { settings: true }, { limit: CHANGES_LOOKED_AT });
  const users = await memberships.findUsers([...new Set(changes.flatMap(peopleIn))]);
  const people = new Map<UserId, (typeof users)[number]>(users.map((user) => [user.id, user]));
  const reader = readerOf(req);
  return fields.map((field) => {
    const last = changes.find((event) => madeIt(field, event, channel, reader));
    const who = last ? actorName(last.actor, people, reader) : null;
    return { field, who, at: last?.at ?? null, was };
  });
}

/** Whether an event made a field what it is now. */
function madeIt(field: SettingField, { to }: ActivityEvent, channel: Channel, reader: Reader): boolean {
  const state = readState<Channel>(to);
  return (
    state !== null && tellsOf(field, state) && settingText(field, state, reader) === settingText(field, channel, reader)
  );
}

const OWNER_FORM = z.object({ ownerId: z.string().max(64), seenOwnerId: z.string().max(64) });

function askToPassOn(deps: SettingsRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const form = OWNER_FORM.safeParse(req.query);
    if (!form.success) return respondProblem(req, res, 'bad-request');
    const { id, ownerId } = viewer.channel;
    if (form.data.ownerId === '') return redirect(res, 303, links.settings({ notice: 'owner-not-chosen' }));
    if (form.data.seenOwnerId !== (ownerId ?? '')) {
      return redirect(res, 303, links.settings({ notice: 'owner-changed-meanwhile' }));
    }
    const chosen = await deps.memberships.findMembership(id, form.data.ownerId as UserId);
    if (chosen?.level !== 'manager' || !chosen.active || chosen.isTest) {
      return redirect(res, 303, links.settings({ notice: 'owner-not-possible' }));
    }
    const place = placeOf(req, 'settings', await deps.channels.contextsOfChannel(id));
    renderPage(req, res, 'channels/ask', passOnPage(viewer, chosen, { links, reader: readerOf(req), place }));
  };
}

function passOn(deps: SettingsRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const form = OWNER_FORM.safeParse(req.body);
    if (!form.success) return respondProblem(req, res, 'bad-request');
    const person = (id: string) => (id === '' ? null : (id as UserId));
    const changed = await changeOwner(deps, {
      channelId: viewer.channel.id,
      ownerId: person(form.data.ownerId),
      seenOwnerId: person(form.data.seenOwnerId),
      actor: `user:${viewer.userId}`,
    });
    if (changed.ok) {
      const { channel, activityId } = changed.value;
      const after = { ...viewer, isOwner: channel.ownerId === viewer.userId };
      const keptIt = can(after, 'change-owner', channel);
      const notice = channel.ownerId === null ? 'owner-given-up' : keptIt ? 'owner-changed' : 'owner-passed-on';
      return redirect(res, 303, links.settings({ notice, undo: activityId }));
    }
    if (changed.reason === 'no-such-channel') return respondProblem(req, res, changed.reason);
    const meanwhile = changed.reason === 'changed-meanwhile';
    redirect(res, 303, links.settings({ notice: meanwhile ? 'owner-changed-meanwhile' : 'owner-not-possible' }));
  };
}

function askToDelete(deps: SettingsRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { id } = viewer.channel;
    const place = placeOf(req, 'settings', await deps.channels.contextsOfChannel(id));
    const counts = await deps.memberships.countMembers(id);
    const recordings = (await deps.contents?.countRecordings(id)) ?? 0;
    const channels = recordings === 0 ? [] : await managedElsewhere(deps, viewer);
    const page = deletePage(
      viewer,
      counts,
      { recordings, channels },
      { links, reader: readerOf(req), place, now: deps.clock() },
    );
    renderPage(req, res, 'channels/ask', page);
  };
}

const CHANNELS_OFFERED = 200;

/** The other channels that a person manages, which may take the recordings of this one. */
async function managedElsewhere({ channels }: SettingsRoutesDeps, viewer: Visit['viewer']): Promise<Channel[]> {
  const mine = await channels.listMyChannels(viewer, { scope: 'mine' }, { limit: CHANNELS_OFFERED });
  return mine.items.flatMap(({ channel, level }) =>
    level === 'manager' && channel.id !== viewer.channel.id ? [channel] : [],
  );
}

const DELETE_FORM = z.object({ recordingsTo: z.string().max(64).default('') });

function deleteIt(deps: SettingsRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { id } = viewer.channel;
    const chosen = DELETE_FORM.safeParse(req.body);
    if (!chosen.success) return respondProblem(req, res, 'bad-request');
    const recordingsTo = chosen.data.recordingsTo as ChannelId;
    if (recordingsTo !== '' && !(await managedElsewhere(deps, viewer)).some((channel) => channel.id === recordingsTo)) {
      return respondProblem(req, res, 'not-allowed');
    }
    const ask = {
      channelId: id,
      actor: `user:${viewer.userId}`,
      recordingsTo: recordingsTo === '' ? null : recordingsTo,
    };
    const deleted = await deleteChannel(deps, ask);
    if (!deleted.ok) {
      return respondProblem(req, res, deleted.reason === 'changed-meanwhile' ? 'unavailable' : deleted.reason);
    }
    redirect(res, 303, links.myChannels({ notice: 'deleted', channel: id }));
  };
}
