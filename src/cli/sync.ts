import type { ChannelId } from '../channels/channel.ts';
import type { SyncRun } from '../channels/sync-run.ts';
import { type Command, withContext } from './command.ts';
import type { CliContext } from './context.ts';
import { type CommandOutcome, failed, misused } from './outcome.ts';
import { textTable } from './text-table.ts';

export const syncCommand: Command = {
  name: 'sync',
  summary: 'Brings the members of one channel, or of all, in line with the course roster.',
  positionals: [],
  options: {
    channel: { type: 'string', value: 'ID', help: 'The channel to sync.' },
    all: { type: 'boolean', help: 'Sync every channel.' },
  },
  async run({ values }, tools) {
    const channel = values.channel === undefined ? null : String(values.channel);
    if ((channel === null) === (values.all !== true)) return misused('Give either --channel ID or --all.');
    return withContext(tools, (context) => sync(context, channel as ChannelId | null));
  },
};

async function sync(context: CliContext, only: ChannelId | null): Promise<CommandOutcome> {
  const asked: SyncRun[] = [];
  for await (const channelId of only === null ? allChannels(context) : [only]) {
    const answer = await context.requestSync(channelId);
    if (answer) asked.push(answer.run);
    else if (only !== null) return failed('no-such-channel', 'No channel has this ID.');
  }
  if (context.runSyncs) await context.runSyncs(context, asked);
  const runs: SyncRun[] = [];
  for (const run of asked) runs.push((await context.storage.syncs.findSync(run.id)) ?? run);
  return report(runs);
}

async function* allChannels({ storage }: CliContext): AsyncIterable<ChannelId> {
  let cursor: string | null = null;
  do {
    const page = await storage.channels.listChannels({}, cursor === null ? { limit: 200 } : { limit: 200, cursor });
    for (const channel of page.items) yield channel.id;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function report(runs: SyncRun[]): CommandOutcome {
  const items = runs.map(({ id, channelId, state, counts, reason }) => ({
    syncId: id,
    channelId,
    state,
    counts,
    reason,
  }));
  const rows = items.map(({ syncId, channelId, state, reason, counts }) => [
    channelId,
    syncId,
    state,
    `+${counts.added} ~${counts.changed} -${counts.deactivated}`,
    reason ?? '',
  ]);
  const waiting = items.some(({ state }) => state === 'queued' || state === 'running');
  const text = [
    items.length > 0 ? textTable(['CHANNEL', 'SYNC', 'STATE', 'CHANGES', 'REASON'], rows) : 'There is no channel yet.',
    ...(waiting ? ['The server does those that are queued.'] : []),
  ];
  const broken = items.some(({ state }) => state === 'failed');
  return { ok: true, json: { syncs: items }, text: text.join('\n'), failed: broken };
}
