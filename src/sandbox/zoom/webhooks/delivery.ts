import type { ZoomCore } from '../state.ts';
import { signatureHeaders } from './signature.ts';

export type WebhookEvent = {
  event: string;
  /** Now, if not given; null leaves it out. */
  event_ts?: number | null;
  payload: object;
  download_token?: string;
};

/** One request to the tool, and what came back. */
export type SentWebhook = {
  event: string;
  /** As it went over the wire. */
  body: string;
  headers: Record<string, string>;
  /** By the clock of the sandbox's Zoom. */
  at: number;
  /** 1, and up to 4 when it is sent again. */
  attempt: number;
  /** Null: no answer within three seconds. */
  status: number | null;
  answer: string;
};

export type Delivery = {
  /** The newest 1,000. */
  sent: SentWebhook[];
  /** Sends what `make` gives once the clock has reached `dueAt`; null sends nothing. */
  emit(dueAt: number, make: () => WebhookEvent | null): void;
  /** Sends all that is due, and waits for the answers. Needed after the clock was moved; true time does it by itself. */
  deliver(): Promise<void>;
  /** One request, whatever the switches say about silence; it is not sent again. */
  post(event: WebhookEvent): Promise<SentWebhook>;
  reset(): void;
};

const MINUTE = 60_000;
/** After a failure, each counted from the attempt before. */
const RETRIES_MS = [5 * MINUTE, 20 * MINUTE, 60 * MINUTE];
const ANSWER_MS = 3000;
const MOST_SENT = 1000;

type Waiting = { dueAt: number; attempt: number; make: () => WebhookEvent | null };

/** Sends webhooks in the order in which they are due; failures and answers of 5xx are tried three times more. */
export function createDelivery(core: Pick<ZoomCore, 'app' | 'clock' | 'faults'>): Delivery {
  const { clock, faults } = core;
  let waiting: Waiting[] = [];
  let running = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const deliver = () => {
    running = running.then(drain);
    return running;
  };
  const drain = async () => {
    for (let next = takeDue(); next; next = takeDue()) {
      const event = faults.silent ? null : next.make();
      // Sent again it is the same, with the time of the first.
      if (event) await sendOne({ event_ts: clock.now(), ...event }, next.attempt);
    }
    plan();
  };
  const takeDue = () => {
    const [first] = [...waiting].sort((a, b) => a.dueAt - b.dueAt);
    if (!first || first.dueAt > clock.now()) return null;
    waiting = waiting.filter((one) => one !== first);
    return first;
  };
  const sendOne = async (event: WebhookEvent, attempt: number) => {
    const { status } = await post(event, attempt);
    if (faults.duplicated) await post(event, attempt);
    const again = RETRIES_MS[attempt - 1];
    if (again === undefined || (status !== null && status < 500)) return;
    waiting.push({ dueAt: clock.now() + again, attempt: attempt + 1, make: () => event });
  };
  const plan = () => {
    clearTimeout(timer);
    const dueAt = Math.min(...waiting.map((one) => one.dueAt));
    if (dueAt === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => void deliver(), Math.min(Math.max(0, dueAt - clock.now()), 2 ** 31 - 1));
    timer.unref();
  };
  const post = async (event: WebhookEvent, attempt: number) => {
    const at = clock.now();
    const { event_ts = at, ...rest } = event;
    const body = JSON.stringify(event_ts === null ? rest : { ...rest, event_ts });
    const headers = signatureHeaders(core, body);
    const sent: SentWebhook = { event: event.event, body, headers, at, attempt, status: null, answer: '' };
    delivery.sent.push(sent);
    if (delivery.sent.length > MOST_SENT) delivery.sent.shift();
    return Object.assign(sent, await request(core.app.webhookUrl, headers, body));
  };
  const delivery: Delivery = {
    sent: [],
    emit(dueAt, make) {
      waiting.push({ dueAt, attempt: 1, make });
      if (dueAt > clock.now()) plan();
      else void deliver();
    },
    deliver,
    post: (event) => post(event, 1),
    reset() {
      waiting = [];
      delivery.sent = [];
      clearTimeout(timer);
    },
  };
  return delivery;
}

async function request(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<Pick<SentWebhook, 'status' | 'answer'>> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    return { status: response.status, answer: await response.text() };
  } catch {
    return { status: null, answer: '' };
  }
}
