import { describe, expect, it } from 'vitest';
import { foldText, wellFormed } from '../../src/lib/fold.ts';

describe('folding text for search and order', () => {
  it.each([
    ['  Ana   María  ', 'ana maria'],
    ['ÅSA Sørensen', 'asa sorensen'],
    ['Łukasz Đorđe', 'lukasz dorde'],
    ['STRASSE', foldText('straße')],
    ['ISTANBUL', foldText('istanbul')],
    ['İstanbul', 'istanbul'],
    ['ΟΔΟΣ', foldText('οδος')],
    ['ﬁnn', 'finn'],
    ['Ａｎｎ', 'ann'],
    ['ё й', 'е и'],
    ['عَرَبِي', 'عربي'],
    ['שָׁלוֹם', 'שלום'],
    ['a\u200db\u202ec\u0000d', 'abc d'],
  ])('makes %j and its like the same', (text, expected) => {
    expect(foldText(text)).toBe(expected);
  });

  it('keeps the vowel signs without which other names would be found', () => {
    expect(foldText('मीना')).not.toBe(foldText('मन'));
  });

  it('changes nothing when it is done twice', () => {
    for (const text of ['Ångström  Ⅷ', 'ǅ', 'ŉ ΐ', '한국어', 'が', '\ud800x']) {
      expect(foldText(foldText(text))).toBe(foldText(text));
    }
  });

  it('replaces lone surrogates and leaves pairs', () => {
    expect(wellFormed('a\ud800b😀\udc00')).toBe('a\ufffdb😀\ufffd');
  });
});
