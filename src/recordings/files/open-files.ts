import type { FilePlace } from '../../config/places.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/ids.ts';
import type { FileStore, SaveOptions } from '../file-store.ts';
import { createDiskFiles } from './disk-files.ts';

export type OpenFiles = FileStore & { close(): Promise<void> };

/** The file store of the settings. What speaks to a bucket is loaded at its first use: it is large, and most sites have a disk. */
export function openFiles(place: FilePlace, deps: { clock: Clock; random: Random }): OpenFiles {
  if (place.engine === 'disk') {
    return { ...createDiskFiles({ folder: place.path, ...deps }), close: async () => {} };
  }
  const { bucket, prefix } = place;
  const bucketFiles = once(async () => (await import('./s3-files.ts')).createS3Files({ bucket, prefix, ...deps }));
  return {
    async save<Reason extends string>(key: string, body: Parameters<FileStore['save']>[1], how: SaveOptions<Reason>) {
      return (await bucketFiles()).save(key, body, how);
    },
    read: async (key, range) => (await bucketFiles()).read(key, range),
    size: async (key) => (await bucketFiles()).size(key),
    remove: async (key) => (await bucketFiles()).remove(key),
    removeAll: async (prefix) => (await bucketFiles()).removeAll(prefix),
    removeLeftovers: async (olderThan) => (await bucketFiles()).removeLeftovers(olderThan),
    check: async () => (await bucketFiles()).check(),
    close: async () => void (await bucketFiles.made?.())?.close(),
  };
}

/** Makes something at its first use; `made` is set once that was. */
function once<Value>(make: () => Promise<Value>): (() => Promise<Value>) & { made?: () => Promise<Value> } {
  let made: Promise<Value> | null = null;
  const get: (() => Promise<Value>) & { made?: () => Promise<Value> } = () => {
    made ??= make();
    get.made = get;
    return made;
  };
  return get;
}
