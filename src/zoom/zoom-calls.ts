import type { ApiRefusal } from './api-errors.ts';
import type { ConnectionId } from './connection.ts';
import type { Access, ZoomTokens } from './tokens.ts';
import type { ZoomAnswer, ZoomCall, ZoomFailure } from './zoom-api.ts';
import type { Ask, Bearer, ZoomSending } from './zoom-sending.ts';

export type ZoomCalls = {
  /** The JSON that Zoom answered with. */
  get(connectionId: ConnectionId, ask: Ask, call?: ZoomCall): Promise<ZoomAnswer<unknown>>;
  /** The same with a token that belongs to no connection yet. */
  getWith(bearer: Bearer, ask: Ask, call?: ZoomCall): Promise<ZoomAnswer<unknown>>;
  /**
   * Does `work` with the connection's token, and once more with another one when Zoom did not take the first. When Zoom takes
   * a renewed one neither, the connection has ended.
   */
  withToken<Value>(
    connectionId: ConnectionId,
    work: (access: Access) => Promise<Tried<Value>>,
    call?: ZoomCall,
  ): Promise<ZoomAnswer<Value>>;
};

export type Tried<Value> = { ok: true; value: Value } | { ok: false; refusal: ApiRefusal };

export function createZoomCalls(deps: {
  tokens: Pick<ZoomTokens, 'accessFor' | 'accessInstead' | 'end'>;
  send: ZoomSending;
}): ZoomCalls {
  const { tokens, send } = deps;

  async function settle(id: ConnectionId, access: Access, refusal: ApiRefusal, call: ZoomCall): Promise<ZoomFailure> {
    if (refusal.kind === 'failed') return refusal.failure;
    const end = refusal.kind === 'token' ? refusal.because : refusal.end;
    // A renewed token that is refused without a word why may be taken a moment later.
    if (end === null || (refusal.kind === 'token' && !refusal.isFinal))
      return { ok: false, reason: 'fault', detail: refusal.detail };
    await tokens.end(id, { token: access.token, end }, call);
    return notConnected(refusal);
  }

  const self: ZoomCalls = {
    get: (id, ask, call = {}) => self.withToken(id, (access) => send(access, ask, call), call),
    async getWith(bearer, ask, call = {}) {
      const answer = await send(bearer, ask, call);
      if (answer.ok) return answer;
      return answer.refusal.kind === 'failed' ? answer.refusal.failure : notConnected(answer.refusal);
    },
    async withToken(id, work, call = {}) {
      const first = await tokens.accessFor(id, call);
      if (!first.ok) return first;
      const answer = await work(first.value);
      if (answer.ok) return answer;
      const { refusal } = answer;
      if (refusal.kind !== 'token') return settle(id, first.value, refusal, call);
      const refused = { token: first.value.token, because: refusal.because ?? 'expired' };
      const other = await tokens.accessInstead(id, refused, call);
      if (!other.ok) return other;
      if (other.value.token === refused.token)
        return { ok: false, reason: 'unreachable', detail: 'no other token yet' };
      const again = await work(other.value);
      return again.ok ? again : settle(id, other.value, again.refusal, call);
    },
  };
  return self;
}

function notConnected({ detail }: Exclude<ApiRefusal, { kind: 'failed' }>): ZoomFailure {
  return { ok: false, reason: 'not-connected', detail };
}
