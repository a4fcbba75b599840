import { wellFormed } from '../lib/fold.ts';

/** The value with all its texts as every engine stores them and gives them back: see `wellFormed`. */
export function storable<Value>(value: Value): Value {
  return repaired(value) as Value;
}

function repaired(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (Array.isArray(value)) return value.map(repaired);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, repaired(part)]));
}
