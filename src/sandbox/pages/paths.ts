import type { LmsFamily } from '../people.ts';

/** The page of a course as one person sees it. */
export function coursePath(family: LmsFamily, courseId: string, personId: string): string {
  const as = `as=${encodeURIComponent(personId)}`;
  return family === 'canvas' ? `/canvas/courses/${courseId}?${as}` : `/moodle/course/view.php?id=${courseId}&${as}`;
}

/** What a course page's frame loads: a form that posts the login initiation. */
export function launchPath(family: LmsFamily, query: Record<string, string>): string {
  return `/${family}/sandbox/launch?${new URLSearchParams(query)}`;
}

export function rosterPath(family: LmsFamily, courseId: string): string {
  return `/${family}/sandbox/roster?course=${courseId}`;
}

export function registrationPath(family: LmsFamily): string {
  return `/${family}/sandbox/registration`;
}
