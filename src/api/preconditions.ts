import { hash } from 'node:crypto';
import type { Request } from 'express';

/** What a request expects to be there, by RFC 9110, 13.1. */
export type Precondition = {
  /** The tags of `If-Match`; `*`: whatever is there; null: nothing is expected. */
  match: readonly string[] | '*' | null;
  /** `If-None-Match: *`: nothing may be there. */
  absent: boolean;
};

/**
 * The tag of what is shown: the version, which `If-Match` is about, and a digest of the rest, so that a copy somebody
 * kept is not taken for fresh when only a count or a sync beside it changed.
 */
export function entityTag({ version }: { version: number }, body: unknown): string {
  return `"${version}-${hash('sha256', JSON.stringify(body), 'base64url').slice(0, 16)}"`;
}

// Weak tags match nothing: ours are strong. A header that cannot be read expects what is not there.
export function readPrecondition(req: Request): Precondition {
  const given = req.get('if-match')?.trim();
  const tags = [...(given ?? '').matchAll(/(W\/)?("[^"]*")/g)].filter(([, weak]) => !weak).map(([, , tag = '']) => tag);
  const match = given === undefined ? null : given === '*' ? '*' : tags;
  return { match, absent: req.get('if-none-match')?.trim() === '*' };
}

/** Whether what has this tag (null: nothing is there) is what the request expects. */
export function meetsTag({ match, absent }: Precondition, tag: string | null): boolean {
  if (tag === null) return match === null;
  if (absent) return false;
  return match === null || match === '*' || match.includes(tag);
}

/** The same for what changes without a new version: whatever stands after the version in a tag does not count. */
export function meetsVersion({ match }: Precondition, { version }: { version: number }): boolean {
  return match === null || match === '*' || match.some((tag) => tag.startsWith(`"${version}-`));
}
