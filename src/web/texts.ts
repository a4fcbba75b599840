import { readdirSync, readFileSync } from 'node:fs';
import { createInstance, type TFunction } from 'i18next';
import { z } from 'zod';

/** The product's texts in every language there is. */
export type Texts = {
  defaultLocale: string;
  /** The texts for a BCP 47 tag: its own, its language's, else English. */
  forLocale(locale: string): TFunction;
  /**
   * The language that `forLocale` really answers in, with the reader's own region where it is the same language, and its
   * direction: what `<html lang dir>` says and what dates are written in, so that no sentence mixes two languages.
   */
  spoken(locale: string): { lang: string; dir: 'ltr' | 'rtl' };
};

const LOCALE_FILE = z.record(z.string(), z.unknown());

/** Reads `<tag>.json` of a folder, once. Values are put in unescaped: views escape everything they print. */
export function readTexts(folder: URL): Texts {
  const defaultLocale = 'en';
  const resources: Record<string, { translation: Record<string, unknown> }> = {};
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.json')) continue;
    const content: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    resources[file.slice(0, -'.json'.length)] = { translation: LOCALE_FILE.parse(content) };
  }
  const i18n = createInstance();
  // Loading is synchronous, as everything is given; the promise carries nothing.
  void i18n.init({
    initAsync: false,
    fallbackLng: defaultLocale,
    lng: defaultLocale,
    resources,
    interpolation: { escapeValue: false },
  });
  const spokenTag = (locale: string) => {
    const language = locale.split('-')[0] ?? defaultLocale;
    return [locale, language].find((tag) => tag in resources) ?? defaultLocale;
  };
  const byTag = new Map<string, TFunction>();
  return {
    defaultLocale,
    forLocale(locale) {
      const tag = spokenTag(locale);
      const known = byTag.get(tag) ?? keepTexts(i18n.getFixedT(tag));
      byTag.set(tag, known);
      return known;
    },
    spoken(locale) {
      const tag = spokenTag(locale);
      const lang = tag.split('-')[0] === locale.split('-')[0] ? locale : tag;
      return { lang, dir: i18n.dir(lang) };
    },
  };
}

type Values = Record<string, unknown>;

const TEXTS_KEPT = 5_000;

/**
 * Keeps what i18next found for a key, and puts values in itself where they stand in plain braces: i18next looks a text up
 * anew each time, and a list of members asks for 500. Plurals, lists and formats stay with i18next.
 */
function keepTexts(t: TFunction): TFunction {
  const kept = new Map<string, string>();
  function find(key: string): string {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const text = t(key, { skipInterpolation: true });
    if (kept.size < TEXTS_KEPT) kept.set(key, text);
    return text;
  }
  function say(key: string, values?: Values): unknown {
    if (values && NOT_PLAIN.some((option) => option in values)) return t(key, values);
    const text = find(key);
    if (!text.includes('{{') && !text.includes('$t(')) return text;
    if (values === undefined || NOT_PLAIN_TEXT.test(text)) return t(key, values ?? {});
    return text.replace(PLACE, (_place, name: string) => String(values[name] ?? ''));
  }
  return say as TFunction;
}

/** Options that change which text is meant, or what comes back. */
const NOT_PLAIN = ['count', 'context', 'ordinal', 'returnObjects', 'defaultValue', 'lng', 'ns', 'interpolation'];
const NOT_PLAIN_TEXT = /\$t\(|\{\{[^}]*[^\w\s}]/;
const PLACE = /\{\{\s*(\w+)\s*\}\}/g;
