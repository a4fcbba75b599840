import type { Environment } from './env.ts';
import type { FilePlace } from './places.ts';
import type { Reader } from './reader.ts';

/**
 * What the client of S3 takes from the environment by itself, beside profiles and the roles of machines. Not settings of
 * ours: an operator who knows buckets knows these names.
 */
export const BUCKET_ENV_NAMES = [
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ENDPOINT_URL_S3',
] as const;

/** Tells what would keep a bucket from being reached; whether it really is, `rostrum doctor` finds out. */
export function checkBucket(reader: Reader, files: FilePlace, env: Environment): void {
  if (files.engine !== 's3') return;
  const isSet = (name: string) => Boolean(env[name]?.trim());
  const keys = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
  const missing = keys.filter((name) => !isSet(name));
  if (missing.length === 1) {
    reader.fault('FILES', `is a bucket, but of its key pair ${missing[0]} is not set; set both or neither`);
  }
  // A profile has its region in a file of its own.
  if (!isSet('AWS_REGION') && !isSet('AWS_PROFILE')) {
    reader.warn(
      'FILES',
      'is a bucket, but AWS_REGION is not set; set it (with AWS_ENDPOINT_URL_S3, where it is not at Amazon, any region will do)',
    );
  }
}
