import type { PlatformId, User, UserId } from '../channels/channel.ts';
import type { MembershipStore } from '../channels/channel-store.ts';
import type { MemberEntryRequest } from '../channels/manage-members.ts';

type People = Pick<MembershipStore, 'findUser' | 'findUserBySubject'>;

/** IDs of ours have no colon, so no ID can be read in two ways. */
const BY_SUBJECT = 'sub:';

/** Somebody of the platform by user ID, or by the LMS's ID behind `sub:`; people of another platform are not known here. */
export async function findPerson(people: People, platformId: PlatformId, id: string): Promise<User | null> {
  if (id.startsWith(BY_SUBJECT)) return people.findUserBySubject(platformId, id.slice(BY_SUBJECT.length));
  const user = await people.findUser(id as UserId);
  return user?.platformId === platformId ? user : null;
}

/** Whom an entry is for; null for an ID of ours that nobody has. What the LMS said of a known person stays. */
export function whoToEnter(
  id: string,
  known: User | null,
  said: { name?: string | undefined; email?: string | undefined },
): MemberEntryRequest['who'] | null {
  const { name = null, email = null } = said;
  if (known) {
    const person = { name: known.name === null ? name : null, email: known.email === null ? email : null };
    return { subject: known.subject, person };
  }
  return id.startsWith(BY_SUBJECT) ? { subject: id.slice(BY_SUBJECT.length), person: { name, email } } : null;
}
