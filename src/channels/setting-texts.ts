import type { Reader } from '../lib/reader.ts';
import type { Channel } from './channel.ts';

/** The settings of a channel as people see them, in the order of the form. */
export const SETTING_FIELDS = [
  'givenName',
  'description',
  'tags',
  'referenceId',
  'privacy',
  'contributionPolicy',
  'moderated',
  'syncAutomatic',
  'syncDeparted',
  'syncAsks',
] as const;

export type SettingField = (typeof SETTING_FIELDS)[number];

/** Whether a part of a channel, as an event keeps it, says anything of a field. */
export function tellsOf(field: SettingField, state: Partial<Channel>): boolean {
  return field.startsWith('sync') ? 'sync' in state : field in state;
}

/** What a field says in a channel, or in the part of one that an event keeps. */
export function settingText(field: SettingField, channel: Partial<Channel>, { t }: Reader): string {
  switch (field) {
    case 'tags':
      return textOr(channel.tags?.join(', '), t);
    case 'privacy':
    case 'contributionPolicy':
      return channel[field] ? t(`settings.${field}.${channel[field]}.name`) : t('settings.nothing');
    case 'moderated':
      return onOrOff(channel.moderated, t);
    case 'syncAutomatic':
      return onOrOff(channel.sync?.automatic, t);
    case 'syncAsks':
      return onOrOff(channel.sync?.askBeforeRemovals, t);
    case 'syncDeparted':
      return t(`settings.departed.${channel.sync?.departedOverrides ?? 'site'}.name`);
    case 'givenName':
      return channel.givenName ?? t('settings.name-of-course');
    default:
      return textOr(channel[field], t);
  }
}

function onOrOff(value: boolean | undefined, t: Reader['t']): string {
  return t(value === true ? 'settings.on' : 'settings.off');
}

function textOr(text: string | null | undefined, t: Reader['t']): string {
  return text ? text : t('settings.nothing');
}
