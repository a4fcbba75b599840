import type { Connection, Model, mongo, Schema } from 'mongoose';

/** A document of ours: its `_id` is an ID of the domain, or made of some. */
export type Keyed = { _id: string };

/**
 * The model of a collection on this connection; the first call makes it, later ones get the same. Nothing is created in
 * the database: `open.ts` makes the indexes of all models, once it knows that the database is ours.
 */
export function defineModel<Doc extends Keyed>(db: Connection, collection: string, schema: Schema<Doc>): Model<Doc> {
  const known = db.models[collection];
  if (known) return known as unknown as Model<Doc>;
  schema.set('autoCreate', false);
  schema.set('autoIndex', false);
  schema.set('bufferCommands', false);
  schema.set('versionKey', false);
  schema.set('id', false);
  schema.set('minimize', false);
  // What a schema does not know is a mistake of ours; dropped in silence it would be lost data.
  schema.set('strict', 'throw');
  return db.model(collection, schema, collection) as unknown as Model<Doc>;
}

/** The driver's own collection, for hot paths and for what must reach the server as it is written: nothing is cast. */
export function rowsOf<Doc extends Keyed>(model: Model<Doc>): mongo.Collection<Doc> {
  return model.collection as unknown as mongo.Collection<Doc>;
}

/**
 * An index on `expireAt`, a `Date`. What has expired is removed by `removeExpired` at its time; where no worker does that,
 * the server removes it a day later.
 */
export const EXPIRY_INDEX = { name: 'expiry', expireAfterSeconds: 86_400 };
