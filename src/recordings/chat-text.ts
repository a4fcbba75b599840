/** Everything that is not seen in a text but line breaks and tabs, and what turns the direction of the lines around it. */
const UNSEEN = /[^\P{Cc}\n\t]|[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;

/** A chat as it is kept: plain lines. Null for what is a page or JSON; empty when nothing was said. */
export function cleanChat(text: string): string | null {
  const lines = text.replace(/\r\n?/g, '\n').replace(UNSEEN, '').trim();
  if (/^(<!doctype|<html|<\?xml|\{\s*")/i.test(lines)) return null;
  return lines === '' ? '' : `${lines}\n`;
}
