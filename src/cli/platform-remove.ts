import type { PlatformId } from '../channels/channel.ts';
import { type Command, withContext } from './command.ts';
import type { CliContext } from './context.ts';
import { type CommandOutcome, done, failed, misused } from './outcome.ts';
import { noSuchPlatform } from './platform-values.ts';

export const platformRemoveCommand: Command = {
  name: 'platform remove',
  summary: 'Removes a registration that has no channels, with its keys.',
  positionals: ['ID'],
  options: { yes: { type: 'boolean', required: true, help: 'Yes, remove it: it cannot be brought back.' } },
  async run({ positionals: [id = ''], values }, tools) {
    if (values.yes !== true) return misused('Give --yes.');
    return withContext(tools, (context) => removePlatform(context, id as PlatformId));
  },
};

async function removePlatform({ storage, note }: CliContext, id: PlatformId): Promise<CommandOutcome> {
  const { platforms, channels, keys } = storage;
  const platform = await platforms.findPlatform(id);
  if (!platform) return noSuchPlatform();
  const { items } = await channels.listChannels({ platformId: id }, { limit: 1 });
  if (items.length > 0) {
    const message = `${platform.name} has channels, which would be left without their LMS. To refuse its launches and keep everything: rostrum platform disable ${id}`;
    return failed('has-channels', message);
  }
  // The registration first: keys without one are of no use to anybody, one without keys would only fail.
  await platforms.removePlatform(id);
  await keys.removeKeyPair(platform.keyId);
  await keys.removeAccessTokens(platform.issuer, platform.clientId);
  await note({ action: 'platform.remove', platformId: id });
  return done({ id, removed: true }, `${platform.name} is not registered any more. Remove the tool in the LMS too.`);
}
