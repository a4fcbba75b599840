import type { Reader, TimeText } from '../lib/reader.ts';
import type { Connection } from '../zoom/connection.ts';

/** "Is this all there is in Zoom?" */
export type CatalogueState = {
  tone: 'warn' | 'bad' | 'calm';
  text: string;
  /** When the newest were read. */
  when: TimeText | null;
  /** How far back the list goes, while it is still being read. */
  reading: string | null;
  /** True while something is to come, so that the page looks again. */
  goesOn: boolean;
  canLook: boolean;
};

export function catalogueState({ state, end, walk, profile }: Connection, reader: Reader): CatalogueState {
  const { t, time, day } = reader;
  const when = walk.sweptAt === null ? null : time(walk.sweptAt);
  const still = { when, reading: null, goesOn: walk.asked };
  if (state === 'broken') {
    const ended = t(`zoom.ends.${end ?? 'expired'}.next`);
    return { ...still, tone: 'bad', text: t('catalogue.state.broken', { next: ended }), goesOn: false, canLook: false };
  }
  if (profile.plan === 'basic') return { ...still, tone: 'warn', text: t('catalogue.state.basic'), canLook: true };
  if (walk.fault !== null) {
    return { ...still, tone: 'warn', text: t(`catalogue.faults.${walk.fault}`), canLook: true };
  }
  const isPart = !walk.complete && walk.readFrom !== null;
  return {
    tone: 'calm',
    text: t(walk.sweptAt === null ? 'catalogue.state.first' : 'catalogue.state.good'),
    when,
    reading: isPart ? t('catalogue.state.reading', { day: day(walk.readFrom ?? '') }) : null,
    goesOn: walk.asked || !walk.complete,
    canLook: walk.sweptAt !== null,
  };
}
