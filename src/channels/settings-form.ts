import { z } from 'zod';
import { tidyText } from '../lib/tidy-text.ts';
import type { ChannelChange } from './change-channel.ts';
import type { Channel } from './channel.ts';
import type { SettingField } from './setting-texts.ts';

/** The settings as their form holds them: all text, as people type it. */
export type SettingsValues = Record<SettingField, string>;

/** What is wrong with a field; each has a text. */
export type SettingFault = 'too-long' | 'too-many-tags' | 'tag-too-long' | 'taken';

export type SettingFaults = Partial<Record<SettingField, SettingFault>>;

const NAME_LENGTH = 255;
const DESCRIPTION_LENGTH = 5000;
export const MOST_TAGS = 50;
export const TAG_LENGTH = 100;

const ON = 'on';

const text = z.string().catch('');
const checkbox = z.literal(ON).catch('' as typeof ON);

/** The form as it was sent; a checkbox that is not ticked is not sent at all. */
const FORM = z.object({
  version: z.coerce.number().int().catch(0),
  givenName: text,
  description: text,
  tags: text,
  referenceId: text,
  privacy: z.enum(['private', 'restricted', 'open']),
  contributionPolicy: z.enum(['contributors', 'everyone']),
  moderated: checkbox,
  syncAutomatic: checkbox,
  syncDeparted: z.enum(['site', 'deactivate', 'keep']),
  syncAsks: checkbox,
  was: text,
});

export type SettingsForm = {
  values: SettingsValues;
  /** What the form began with, so that what others changed since can be told from what this person did. */
  was: SettingsValues;
  version: number;
};

/** Null for what no form of ours sends. */
export function readSettingsForm(body: unknown): SettingsForm | null {
  const form = FORM.safeParse(body);
  if (!form.success) return null;
  const { version, was, ...values } = form.data;
  const typed = asTyped(values);
  return { values: typed, was: { ...typed, ...parseWas(was) }, version };
}

/** What browsers send back of fields: line breaks of a text area their own way, of a line none. */
function asTyped<Values extends SettingsValues>(values: Values): Values {
  const { givenName, description, tags, referenceId } = values;
  return {
    ...values,
    givenName: inOneLine(givenName),
    description: tidyText(description),
    tags: inOneLine(tags),
    referenceId: inOneLine(referenceId),
  };
}

function inOneLine(text: string): string {
  return text.replace(/[\r\n]/g, '').trim();
}

const WAS = z.partialRecord(z.string(), z.string());

function parseWas(was: string): Partial<SettingsValues> {
  try {
    return WAS.parse(JSON.parse(was)) as Partial<SettingsValues>;
  } catch {
    return {};
  }
}

/** What the form begins with. */
export function settingsValues(channel: Channel): SettingsValues {
  return asTyped({
    givenName: channel.givenName ?? '',
    description: channel.description,
    tags: channel.tags.join(', '),
    referenceId: channel.referenceId ?? '',
    privacy: channel.privacy,
    contributionPolicy: channel.contributionPolicy,
    moderated: tick(channel.moderated),
    syncAutomatic: tick(channel.sync.automatic),
    syncDeparted: channel.sync.departedOverrides ?? 'site',
    syncAsks: tick(channel.sync.askBeforeRemovals),
  });
}

function tick(on: boolean): string {
  return on ? ON : '';
}

export function settingFaults(values: SettingsValues): SettingFaults {
  const tags = readTags(values.tags);
  const faults: SettingFaults = {};
  if (values.givenName.trim().length > NAME_LENGTH) faults.givenName = 'too-long';
  if (values.description.length > DESCRIPTION_LENGTH) faults.description = 'too-long';
  if (values.referenceId.trim().length > NAME_LENGTH) faults.referenceId = 'too-long';
  if (tags.length > MOST_TAGS) faults.tags = 'too-many-tags';
  else if (tags.some((tag) => tag.length > TAG_LENGTH)) faults.tags = 'tag-too-long';
  return faults;
}

/** What the form asks to be changed: all of it; a field that says what stands changes nothing. */
export function settingsChange(values: SettingsValues, channel: Channel): ChannelChange {
  const now = settingsValues(channel);
  // What programs wrote may have commas, blanks and line breaks that a form cannot give back.
  const touched = (field: SettingField) => values[field] !== now[field];
  return {
    name: touched('givenName') ? values.givenName.trim() || null : channel.givenName,
    description: touched('description') ? tidyText(values.description) : channel.description,
    tags: touched('tags') ? readTags(values.tags) : channel.tags,
    referenceId: touched('referenceId') ? values.referenceId.trim() || null : channel.referenceId,
    privacy: values.privacy as Channel['privacy'],
    contributionPolicy: values.contributionPolicy as Channel['contributionPolicy'],
    moderated: values.moderated === ON,
    sync: {
      automatic: values.syncAutomatic === ON,
      departedOverrides: values.syncDeparted === 'site' ? null : (values.syncDeparted as 'deactivate' | 'keep'),
      askBeforeRemovals: values.syncAsks === ON,
    },
  };
}

function readTags(typed: string): string[] {
  const tags = typed.split(/[,\n]/).map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

/** The settings that somebody else changed while the form was open. */
export function changedMeanwhile(was: SettingsValues, now: SettingsValues): SettingField[] {
  return (Object.keys(now) as SettingField[]).filter((field) => was[field] !== now[field]);
}

/** What the person typed, over what others have set meanwhile: only the fields they touched are theirs. */
export function mergeSettings(form: Omit<SettingsForm, 'version'>, now: SettingsValues): SettingsValues {
  const typed = Object.entries(form.values).filter(([field, value]) => value !== form.was[field as SettingField]);
  return { ...now, ...Object.fromEntries(typed) };
}

/** A channel as the form would make it, for telling what a field says in words. */
export function asChannel(values: SettingsValues, channel: Channel): Channel {
  const { name, ...change } = settingsChange(values, channel);
  return { ...channel, ...(change as Partial<Channel>), givenName: name ?? null };
}
