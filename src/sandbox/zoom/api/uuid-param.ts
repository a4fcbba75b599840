/**
 * The UUID that a parameter of a path means, or null. One that begins with `/` or has `//` in it must come encoded twice, as
 * Zoom wants it; others may. Express has decoded the parameter once.
 */
export function readUuid(param: string): string | null {
  if (!/%2f|%2b|%3d/i.test(param)) return param.startsWith('/') || param.includes('//') ? null : param;
  try {
    return decodeURIComponent(param);
  } catch {
    return null;
  }
}
