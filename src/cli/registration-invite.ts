import { durationMs } from '../config/values.ts';
import { type Command, withContext } from './command.ts';
import { done, misused } from './outcome.ts';

const LONGEST_MS = 90 * 86_400_000;

const create: Command = {
  name: 'registration-invite create',
  summary: 'Makes a link with which an LMS registers itself (LTI Dynamic Registration), once.',
  positionals: [],
  options: {
    ttl: { type: 'string', value: 'TIME', help: 'How long the link works: 12h, 7d (7d if not given).' },
    activate: { type: 'boolean', help: 'Let launches in at once; otherwise "platform activate" does.' },
    note: { type: 'string', value: 'TEXT', help: 'For whom the link is.' },
  },
  async run({ values }, tools) {
    const ttlMs = durationMs(String(values.ttl ?? '7d'));
    if (ttlMs === null || ttlMs <= 0 || ttlMs > LONGEST_MS) {
      return misused('--ttl is not a time up to 90d; write a number and a unit, for example 12h or 7d.');
    }
    return withContext(tools, async (context) => {
      const activates = values.activate === true;
      const note = values.note === undefined ? null : String(values.note).slice(0, 200);
      const { id, url, expiresAt } = await context.createInvite({ ttlMs, activates, note });
      await context.note({ action: 'registration-invite.create' });
      const until = new Date(expiresAt).toISOString();
      const next = activates ? 'is active at once' : 'waits for "rostrum platform activate"';
      const text = `${url}\nWorks once, until ${until}. The platform it registers ${next}. The link is not shown again.`;
      return done({ id, url, expiresAt: until, activates, note }, text);
    });
  },
};

export const registrationInviteCommands: readonly Command[] = [create];
