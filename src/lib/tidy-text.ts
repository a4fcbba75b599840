/**
 * A text of several lines as it is stored: one kind of line break, nothing blank around it. A form gives it back like
 * that, whatever kind the browser sends.
 */
export function tidyText(text: string): string {
  return text.replace(/\r\n?/g, '\n').trim();
}
