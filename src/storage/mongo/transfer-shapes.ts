import type { mongo } from 'mongoose';
import type { Key, Kind, TransferRecords } from '../transfer.ts';

/** Documents of any collection, as the driver gives and takes them. */
export type AnyDocument = { _id: string } & Record<string, unknown>;
export type AnyFilter = mongo.Filter<AnyDocument>;

/** How the records of a kind become documents, with all that the stores make of them, and back. */
export type Shape<K extends Kind> = {
  idOf(key: Key): string;
  toDocument(record: TransferRecords[K]): AnyDocument;
  toRecord(document: AnyDocument): TransferRecords[K];
  /** Fields of the shard key: a write names them, so that it goes to one shard. */
  shardKey?: readonly string[];
  /** What may be in one document only, if this one has it: filters that find it, whoever has it. */
  unique?(document: AnyDocument): AnyFilter | AnyFilter[] | null;
};

type Fields = Record<string, unknown>;

export const firstPart = (key: Key) => String(key[0]);
export const allParts = (key: Key) => key.join('/');
export const asJson = (key: Key) => JSON.stringify(key);

/** Records that are stored as they are, with their key as `_id`. */
export function renamed<K extends Kind>(idField: string): Shape<K> {
  return {
    idOf: firstPart,
    toDocument: (record) => withId({ ...record }, idField),
    toRecord: ({ _id, ...fields }) => fromPlain({ [idField]: _id, ...fields }),
  };
}

/** The same with an end to come, which the server's own removal wants as a date. */
export function expiring<K extends Kind>(idField: string): Shape<K> {
  return {
    idOf: firstPart,
    toDocument(record) {
      const { expiresAt, ...fields }: Fields = { ...record };
      return withId({ ...fields, expireAt: new Date(Number(expiresAt)) }, idField);
    },
    toRecord: ({ _id, expireAt, ...fields }) =>
      fromPlain({ [idField]: _id, ...fields, expiresAt: (expireAt as Date).getTime() }),
  };
}

function withId({ ...fields }: Fields, idField: string): AnyDocument {
  const _id = String(fields[idField]);
  delete fields[idField];
  return { _id, ...fields };
}

export function plain<Doc extends { _id: string }>(document: Doc): AnyDocument {
  return document as unknown as AnyDocument;
}

export function fromPlain<Record>(fields: Fields): Record {
  return fields as Record;
}
