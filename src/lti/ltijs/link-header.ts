/**
 * The target of the link with relation `next` (RFC 8288), absolute, with its case kept; null when there is none. Takes
 * several links in one value, relations with and without quotes, and several relations of one link. A target that is
 * no URL is returned as it is, for the caller to refuse: taken for none it would end a walk early, as if complete.
 */
export function nextLink(header: string | undefined, base: string): string | null {
  if (header === undefined) return null;
  for (const [, target = '', parameters = ''] of header.matchAll(LINK)) {
    if (!relationsOf(parameters).includes('next')) continue;
    return URL.canParse(target.trim(), base) ? new URL(target.trim(), base).href : target;
  }
  return null;
}

/** `<target>` and its parameters, up to the comma before the next link; commas may stand inside quotes and targets. */
const LINK = /<([^>]*)>((?:\s*;\s*[^\s"=;,]+(?:\s*=\s*(?:"[^"]*"|[^\s";,]*))?)*)/g;

function relationsOf(parameters: string): string[] {
  const found = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s";,]*))/i.exec(parameters);
  return (found?.[1] ?? found?.[2] ?? '').toLowerCase().split(/\s+/);
}
