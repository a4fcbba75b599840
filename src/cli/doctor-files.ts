import { systemRandom } from '../lib/ids.ts';
import { openFiles } from '../recordings/files/open-files.ts';
import { type Check, fault, well } from './checks.ts';
import type { CliContext } from './context.ts';

/** Whether recordings can be kept where the settings say: a small file is written there and removed. */
export async function checkFiles({ config, clock }: Pick<CliContext, 'config' | 'clock'>): Promise<Check> {
  const { files: place } = config;
  const name = place.engine === 'disk' ? place.path : `s3://${place.bucket}/${place.prefix}`;
  const files = openFiles(place, { clock, random: systemRandom });
  try {
    await files.check();
    return well('files', `${name} can be written to`);
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return fault('files', `${name} cannot be written to, so that no recording can be brought in (${why}); see FILES`);
  } finally {
    await files.close();
  }
}
