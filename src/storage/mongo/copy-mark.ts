import type { Connection, mongo } from 'mongoose';
import type { CopyMark } from '../transfer.ts';

const MARK = 'copy';

type MarkDocument = Omit<CopyMark, 'position'> & {
  _id: string;
  /** JSON: keys hold texts of any kind. */
  position: string;
};

/** True while a copy from another database has not come to its end here: nobody is to work with what is there so far. */
export async function isHalfCopied(db: Connection): Promise<boolean> {
  return (await marksOf(db).findOne({ _id: MARK, state: 'unfinished' })) !== null;
}

export async function readCopyMark(db: Connection): Promise<CopyMark | null> {
  const found = await marksOf(db).findOne({ _id: MARK });
  if (!found) return null;
  const { state, source, into, position, finishedAt } = found;
  return { state, source, into, position: JSON.parse(position) as CopyMark['position'], finishedAt };
}

export async function writeCopyMark(db: Connection, { position, ...mark }: CopyMark): Promise<void> {
  const document = { ...mark, position: JSON.stringify(position) };
  await marksOf(db).replaceOne({ _id: MARK }, document, { upsert: true });
}

function marksOf(db: Connection): mongo.Collection<MarkDocument> {
  return db.collection('meta') as unknown as mongo.Collection<MarkDocument>;
}
