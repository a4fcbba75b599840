import { z } from 'zod';
import { newSecret } from '../../../lib/ids.ts';
import type { ZoomMeeting } from '../meetings.ts';
import type { ZoomCore } from '../state.ts';
import type { ZoomUser } from '../users.ts';
import { createDelivery, type Delivery, type SentWebhook, type WebhookEvent } from './delivery.ts';
import { type MeetingChanges, meetingDeleted, meetingEnded, meetingUpdated } from './meeting-events.ts';
import type { Emit } from './recording-events.ts';
import { hmac, signatureHeaders } from './signature.ts';

export type { SentWebhook, WebhookEvent } from './delivery.ts';

/** The webhooks of the sandbox's Zoom, for whoever steers it. */
export type SandboxWebhooks = {
  /** What went out, with the answers, oldest first. */
  readonly sent: SentWebhook[];
  /** Sends any event now, signed as the switches say, and gives the answer; it is not tried again. */
  send(event: WebhookEvent): Promise<SentWebhook>;
  /** The headers that a body of one's own needs, for requests that are forged or sent late. */
  headersFor(body: string): Record<string, string>;
  /** Sends all that is due after the clock was moved, and waits for the answers. */
  deliver(): Promise<void>;
  /** The handshake, as when the address is saved and every 72 hours: true when the tool knows the secret. */
  validate(): Promise<boolean>;
  /** As when the person (by key) removed the app, in the present shape or in the older one. */
  deauthorized(user: string, shape?: 'present' | 'older'): Promise<SentWebhook>;
  /** Changes, removes or ends a meeting, and tells of it. Throws when there is none with the number. */
  meetingUpdated(number: string, changes: MeetingChanges): void;
  meetingDeleted(number: string): void;
  meetingEnded(number: string): void;
};

export type WebhooksPart = {
  control: SandboxWebhooks;
  emit: Emit;
  /** Tells the app that somebody removed it. */
  appDeauthorized(user: ZoomUser): void;
  reset(): void;
  close(): void;
};

/** Webhooks to the tool: for people who added the app alone. */
export function createWebhooks(core: ZoomCore): WebhooksPart {
  const delivery = createDelivery(core);
  const emit: Emit = (user, dueAt, make) => {
    delivery.emit(dueAt, () => (core.grants.live(user) ? make() : null));
  };
  return {
    control: createControl(core, delivery, emit),
    emit,
    // The grant is dead already: this one is told all the same.
    appDeauthorized: (user) => delivery.emit(core.clock.now(), () => deauthorization(core, user, 'present')),
    reset: delivery.reset,
    close: delivery.reset,
  };
}

function createControl(core: ZoomCore, delivery: Delivery, emit: Emit): SandboxWebhooks {
  const { clock, meetings, users } = core;
  const tell = (number: string, make: (meeting: ZoomMeeting, host: ZoomUser) => WebhookEvent) => {
    const meeting = meetings.get(number);
    if (!meeting) throw new Error(`The sandbox's Zoom has no meeting ${number}`);
    const event = make(meeting, users.get(meeting.host));
    emit(meeting.host, clock.now(), () => event);
    return meeting;
  };
  return {
    get sent() {
      return delivery.sent;
    },
    send: delivery.post,
    headersFor: (body) => signatureHeaders(core, body),
    deliver: delivery.deliver,
    validate: () => validate(core, delivery),
    deauthorized: (user, shape = 'present') => delivery.post(deauthorization(core, users.get(user), shape)),
    meetingUpdated(number, changes) {
      const meeting = tell(number, (before, host) => meetingUpdated(before, host, changes, clock.now()));
      Object.assign(meeting, changes);
    },
    meetingDeleted(number) {
      tell(number, meetingDeleted);
      meetings.remove(number);
    },
    meetingEnded: (number) => void tell(number, (meeting, host) => meetingEnded(meeting, host, clock.now())),
  };
}

async function validate({ app }: ZoomCore, delivery: Delivery): Promise<boolean> {
  const plainToken = newSecret().slice(0, 22);
  const { status, answer } = await delivery.post({ event: 'endpoint.url_validation', payload: { plainToken } });
  const encryptedToken = hmac(app.webhookSecret, plainToken);
  const expected = z.object({ plainToken: z.literal(plainToken), encryptedToken: z.literal(encryptedToken) });
  return status === 200 && expected.safeParse(readJson(answer)).success;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function deauthorization({ app, clock }: ZoomCore, user: ZoomUser, shape: 'present' | 'older'): WebhookEvent {
  const now = clock.now();
  const payload = {
    account_id: user.accountId,
    user_id: user.id,
    client_id: app.clientId,
    deauthorization_time: new Date(now).toISOString(),
    // A mark of Zoom's own; nobody outside can check it.
    signature: hmac('zoom', `${user.id} ${now}`),
  };
  const event = 'app_deauthorized';
  if (shape === 'present') return { event, event_ts: now, payload };
  return { event, event_ts: null, payload: { ...payload, event_ts: String(now), user_data_retention: 'false' } };
}
