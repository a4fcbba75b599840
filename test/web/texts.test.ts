import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROBLEM_REASONS } from '../../src/web/problems.ts';
import { readTexts } from '../../src/web/texts.ts';

const ROOT = new URL('../../', import.meta.url);
const texts = readTexts(new URL('locales/', ROOT));
const t = texts.forLocale('en');

describe('texts', () => {
  it.each(PROBLEM_REASONS)('say of %s what happened, what it means and what to do', (reason) => {
    for (const part of ['title', 'body', 'next']) {
      const key = `problems.${reason}.${part}`;
      expect(t(key), key).not.toBe(key);
    }
  });

  it('exist for every key that a view names', () => {
    const views = readdirSync(new URL('views/', ROOT), { recursive: true, encoding: 'utf8' });
    for (const view of views.filter((name) => name.endsWith('.ejs'))) {
      const source = readFileSync(new URL(`views/${view}`, ROOT), 'utf8');
      for (const [, key] of source.matchAll(/\bt\('([a-zA-Z0-9_.-]+)'[,)]/g)) {
        expect(t(key ?? '', { count: 1 }), `${view}: ${key}`).not.toBe(key);
      }
    }
  });

  it('fall back from a region to its language, and from an unknown language to English', () => {
    expect(texts.spoken('en-GB')).toEqual({ lang: 'en-GB', dir: 'ltr' });
    expect(texts.spoken('xx')).toEqual({ lang: 'en', dir: 'ltr' });
    expect(texts.forLocale('xx-YY')('page.skip')).toBe(t('page.skip'));
  });

  it('say the same the second time, with the values of that time', () => {
    const layer = (level: string) => t('members.layers.override', { level });
    expect(layer('Contributor')).toContain('Contributor');
    expect(layer('$& {{level}}')).toContain('$& {{level}}');
    expect(t('people.answer', { count: 1, number: '1' })).not.toBe(t('people.answer', { count: 2, number: '1' }));
    expect(t('people.answer', { count: 2, number: '7' })).toContain('7');
  });
});

describe('views', () => {
  it('print everything escaped; only parts of views are put in as they are', () => {
    const views = readdirSync(new URL('views/', ROOT), { recursive: true, encoding: 'utf8' });
    for (const view of views.filter((name) => name.endsWith('.ejs'))) {
      const source = readFileSync(new URL(`views/${view}`, ROOT), 'utf8');
      expect(source.match(/<%-(?! include\()/g), view).toBeNull();
      expect(source.match(/\sstyle=|<style|\son[a-z]+=/g), view).toBeNull();
    }
  });
});
