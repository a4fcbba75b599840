/** A permission that the app asks for, with the sentence of the consent page. */
export type AppScope = { scope: string; says: string; required: boolean };

/** What the app was given in the Marketplace. */
export const APP_SCOPES: AppScope[] = [
  { scope: 'user:read:user', says: 'View your profile', required: true },
  { scope: 'cloud_recording:read:list_user_recordings', says: 'List your cloud recordings', required: true },
  { scope: 'cloud_recording:read:list_recording_files', says: 'View the files of your recordings', required: true },
  { scope: 'cloud_recording:read:recording', says: 'View a recording', required: true },
  { scope: 'meeting:read:list_meetings', says: 'List your meetings', required: false },
  { scope: 'meeting:read:meeting', says: 'View a meeting', required: false },
  { scope: 'meeting:read:list_past_instances', says: 'List when a meeting took place', required: false },
  { scope: 'meeting:read:past_meeting', says: 'View a meeting that took place', required: false },
  { scope: 'cloud_recording:read:meeting_transcript', says: 'View transcripts', required: false },
  { scope: 'cloud_recording:read:recording_settings', says: 'View who may see a recording', required: false },
  { scope: 'user:read:settings', says: 'View your settings', required: false },
  { scope: 'cloud_recording:delete:meeting_recording', says: 'Delete your recordings', required: false },
  { scope: 'cloud_recording:delete:recording_file', says: 'Delete a file of a recording', required: false },
  { scope: 'cloud_recording:update:recover_meeting_recordings', says: 'Recover deleted recordings', required: false },
  { scope: 'cloud_recording:update:recover_single_recording', says: 'Recover a deleted file', required: false },
];
