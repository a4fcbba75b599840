import { withAs } from './settings-form.ts';
import type { Visitor } from './visitor.ts';

/** Connects a person's Zoom account by the pages they would use; `user` is the key of somebody of the sandbox's Zoom. */
export async function connectZoom(visitor: Visitor, user: string): Promise<Visitor> {
  await visitor.get(`${visitor.home}${withAs(visitor, '/zoom')}`);
  await visitor.submit(/\/zoom\/connect/);
  return visitor.submit(/./, { user, decision: 'allow', shared_access: '' });
}
