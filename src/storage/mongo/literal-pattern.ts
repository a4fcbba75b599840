/**
 * A pattern that finds a folded text as it is; there are no control characters in one. A pattern is held against entries
 * of the index, where an `$expr` would read every document.
 */
export function literalPattern(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, '\\$&');
}
