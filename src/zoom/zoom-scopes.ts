/** What every connection must allow: without one of these it could list or fetch nothing. */
export const REQUIRED_SCOPES: readonly string[] = [
  'user:read:user',
  'cloud_recording:read:list_user_recordings',
  'cloud_recording:read:list_recording_files',
  'cloud_recording:read:recording',
];

/** What a person may leave out when they allow the app; each has one feature that goes without it. */
export const OPTIONAL_SCOPES: readonly string[] = [
  'meeting:read:list_meetings',
  'meeting:read:meeting',
  'cloud_recording:read:meeting_transcript',
];

/** The required scopes that a grant lacks; such a connection is of no use. */
export function missingScopes(granted: readonly string[]): string[] {
  return REQUIRED_SCOPES.filter((scope) => !allows(granted, scope));
}

/**
 * Whether a grant allows what `scope` stands for. Older apps have classic scopes, which cover a whole family; a grant of
 * which nothing is known is believed to allow everything, and Zoom judges.
 */
export function allows(granted: readonly string[], scope: string): boolean {
  return granted.length === 0 || granted.includes(scope) || granted.includes(classicScope(scope));
}

function classicScope(scope: string): string {
  const [family = '', action = ''] = scope.split(':');
  return `${family === 'cloud_recording' ? 'recording' : family}:${action}`;
}
