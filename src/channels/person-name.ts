import type { TFunction } from 'i18next';

/** The name, or, where the LMS keeps it back, words that still tell two people apart. */
export function personName(name: string | null, subject: string, t: TFunction): { name: string; named: boolean } {
  if (name !== null && name.trim() !== '') return { name, named: true };
  return { name: t('members.unnamed', { id: subject.slice(-6) }), named: false };
}
