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
  return {
    defaultLocale,
    forLocale: (locale) => i18n.getFixedT(spokenTag(locale)),
    spoken(locale) {
      const tag = spokenTag(locale);
      const lang = tag.split('-')[0] === locale.split('-')[0] ? locale : tag;
      return { lang, dir: i18n.dir(lang) };
    },
  };
}
