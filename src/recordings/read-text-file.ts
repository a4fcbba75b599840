import type { FileStore } from './file-store.ts';
import type { StoredFile } from './recording.ts';

/** A stored text as it is shown in a page; null when it is gone or longer than `limit` bytes. */
export async function readTextFile(
  files: Pick<FileStore, 'read'>,
  { key, bytes }: StoredFile,
  limit: number,
): Promise<string | null> {
  if (bytes > limit) return null;
  const body = await files.read(key);
  if (!body) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
