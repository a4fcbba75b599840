/** What a person may do in a channel, highest first. */
export const PERMISSION_LEVELS = ['manager', 'moderator', 'contributor', 'member'] as const;

export type PermissionLevel = (typeof PERMISSION_LEVELS)[number];

/** True when `level` is `least` or above it. */
export function isAtLeast(level: PermissionLevel, least: PermissionLevel): boolean {
  return PERMISSION_LEVELS.indexOf(level) <= PERMISSION_LEVELS.indexOf(least);
}

/** The higher of two levels; null counts as none. */
export function higherLevel(a: PermissionLevel | null, b: PermissionLevel | null): PermissionLevel | null {
  if (a === null || b === null) return a ?? b;
  return isAtLeast(a, b) ? a : b;
}

/** The lower of two levels. */
export function lowerLevel(a: PermissionLevel, b: PermissionLevel): PermissionLevel {
  return isAtLeast(a, b) ? b : a;
}
