import { afterEach, beforeEach } from 'vitest';
import type { Storage } from '../../../src/storage/storage.ts';
import type { OpenStorage } from './builders.ts';

/** A fresh storage for each test of the describe block it is called in; ask for it inside the tests. */
export function useStorage(open: OpenStorage): () => Storage {
  let opened: Awaited<ReturnType<OpenStorage>> | null = null;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    await opened?.close();
    opened = null;
  });
  return () => {
    if (!opened) throw new Error('The storage is open during a test only');
    return opened.storage;
  };
}
