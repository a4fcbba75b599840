/** An expected failure, with a reason from a closed set. `detail` is for the operator's log, never for the page. */
export type Failure<Reason extends string> = { ok: false; reason: Reason; detail?: string };
export type Success<Value> = { ok: true; value: Value };
/** What an operation that may fail in expected ways returns; bugs and dead databases throw instead. */
export type Result<Value, Reason extends string> = Success<Value> | Failure<Reason>;

export function success<Value>(value: Value): Success<Value> {
  return { ok: true, value };
}

export function failure<Reason extends string>(reason: Reason, detail?: string): Failure<Reason> {
  return detail === undefined ? { ok: false, reason } : { ok: false, reason, detail };
}
