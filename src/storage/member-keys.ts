import { type Channel, channelName } from '../channels/channel.ts';
import type { Person } from '../channels/membership.ts';
import { foldText } from '../lib/fold.ts';

/** The characters of a name, an address or a subject that lists look at; longer ones are stored whole all the same. */
const LOOKED_AT = 250;

/** Where a member stands in lists: by name, people without one last, by subject. Never empty. */
export function memberSortKey(subject: string, person: Person): string {
  return memberKeys(subject, person).sortKey;
}

/** What a search looks through: name, address and subject, a line each, so that no match spans two of them. */
export function memberSearchText(subject: string, person: Person): string {
  return memberKeys(subject, person).search;
}

/** Both of them, for less than twice the work: a first sync asks for thousands. */
export function memberKeys(subject: string, person: Person): { sortKey: string; search: string } {
  const [name, email, id] = [foldPart(person.name), foldPart(person.email), foldPart(subject)];
  return { sortKey: name === '' ? `1${id}` : `0${name}`, search: `${name}\n${email}\n${id}` };
}

/** Where a channel stands in lists: by the name people see. */
export function channelSortKey(channel: Pick<Channel, 'givenName' | 'title'>): string {
  return foldPart(channelName(channel));
}

/** What a search for channels looks through: the name given, the LMS's title and code, and the tags, a line each. */
export function channelSearchText({ givenName, title, label, tags }: SearchedChannel): string {
  return [givenName, title, label, ...tags].map(foldPart).join('\n');
}

type SearchedChannel = Pick<Channel, 'givenName' | 'title' | 'label' | 'tags'>;

/** What a search for recordings looks through. */
export function titleSearchText(title: string): string {
  return foldPart(title);
}

/** A search as it is compared with the texts above; null when there is nothing to look for. */
export function memberSearch(q: string | undefined): string | null {
  return foldPart(q ?? null) || null;
}

function foldPart(text: string | null): string {
  return text === null ? '' : foldText(text.slice(0, LOOKED_AT));
}
