import { z } from 'zod';
import type { Reader } from '../lib/reader.ts';
import type { ManyOutcome, ManyPreview, MemberSelection, SeenPreview } from './change-many.ts';
import { MOST_AT_ONCE } from './change-many.ts';
import type { UserId } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { levelOf, MEMBER_ACTIONS, type MemberAction, type ToldRefusal } from './member-actions.ts';
import type { MemberRefusal } from './member-changes.ts';
import { type HiddenField, type MembersQuery, memberFilter, placeFields } from './members-query.ts';
import type { Membership } from './membership.ts';
import { personName } from './person-name.ts';
import type { Viewer } from './viewer.ts';

/** The form around the list, for changing several people at once. */
export type ManyForm = {
  action: string;
  fields: HiddenField[];
  actions: { value: MemberAction; text: string }[];
  /** "All 34 people found". */
  everyone: string;
  /** What a script says of the selection, by number: `{n}` stands for it. */
  chosen: { one: string; other: string };
};

export function manyForm(
  { query, total, filtered }: { query: MembersQuery; total: number; filtered: boolean },
  links: ChannelLinks,
  { t, number }: Reader,
): ManyForm {
  return {
    action: links.previewMany,
    fields: placeFields(query),
    actions: MEMBER_ACTIONS.map((value) => ({ value, text: t(`many.actions.${value.replace('.', '-')}`) })),
    everyone: t(filtered ? 'many.everyone.found' : 'many.everyone.all', { count: total, number: number(total) }),
    chosen: {
      one: t('many.chosen', { count: 1, number: '{n}' }),
      other: t('many.chosen', { count: 2, number: '{n}' }),
    },
  };
}

const COUNT = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const USER_ID = z.string().regex(/^[0-9a-z]{26}$/);

/** Whom and what the form asks for. Boxes that are ticked come one by one, or joined from the preview. */
export const MANY_FORM = z.object({
  users: z
    .union([z.string(), z.array(z.string())])
    .catch([])
    .transform((given) => [given].flat().flatMap((text) => text.split(' ')))
    .transform((all) => [...new Set(all.filter((id) => USER_ID.safeParse(id).success))].slice(0, MOST_AT_ONCE))
    .transform((all) => all as UserId[]),
  everyone: z.literal('found').nullable().catch(null),
  do: z.enum(MEMBER_ACTIONS).nullable().catch(null),
  seen_at: COUNT.nullable().catch(null),
  seen_changed: COUNT.nullable().catch(null),
});

export type ManyRequest = z.infer<typeof MANY_FORM>;

export function selectionOf({ users, everyone }: ManyRequest, query: MembersQuery): MemberSelection {
  return everyone === null ? { userIds: users } : { filter: memberFilter(query) };
}

/** What the form says its preview showed; null for a form that no preview made. */
export function seenIn({ seen_at: at, seen_changed: changed }: ManyRequest): SeenPreview | null {
  return at === null || changed === null ? null : { at, changed };
}

export type ChangeManyPage = {
  title: string;
  head: ChannelHead;
  heading: string;
  /** Why it cannot be done at all; then there is nothing else. */
  fault: string | null;
  /** Why it was not done yet. */
  note: string | null;
  parts: { tone: 'good' | 'calm' | 'warn'; text: string; names: string[]; more: string | null }[];
  consequences: string[];
  /** Null when nothing would change. */
  confirm: { action: string; text: string; danger: boolean; fields: HiddenField[] } | null;
  back: string;
};

export type ManyAsked = { request: ManyRequest & { do: MemberAction }; query: MembersQuery };

/** What a change of many would do, before it is done. `outcome` null: there are too many. */
export function changeManyPage(
  viewer: Viewer,
  { request, query, outcome, isMoreThanSeen }: ManyAsked & { outcome: ManyPreview | null; isMoreThanSeen: boolean },
  page: { links: ChannelLinks; reader: Reader; place: HeadPlace },
): ChangeManyPage {
  const { links, reader, place } = page;
  const { t, number } = reader;
  const head = channelHead(viewer, links, reader, place);
  const action = request.do;
  const key = action.replace('.', '-');
  const changed = outcome?.changed ?? 0;
  const values = { count: changed, number: number(changed) };
  const mine = request.everyone !== null || request.users.includes(viewer.userId);
  const losesLevel = action === 'deactivate' || action === 'automatic' || action === 'remove' || levelOf(action);
  return {
    title: t('many.page-title', { name: head.name }),
    head,
    heading: t(`many.actions.${key}`),
    fault: outcome === null ? t('many.too-many', { number: number(MOST_AT_ONCE) }) : null,
    note: isMoreThanSeen ? t('many.more-than-seen') : null,
    parts: outcome === null ? [] : partsOf(outcome, reader),
    consequences:
      changed === 0
        ? []
        : [
            t(`many.consequences.${levelOf(action) === null ? action : 'level'}`, values),
            ...(mine && losesLevel && action !== 'level.manager' ? [t('many.consequences.yourself')] : []),
            t('many.consequences.undo'),
          ],
    confirm: outcome === null || changed === 0 ? null : confirmForm({ request, query, outcome }, links, reader),
    back: links.members(query),
  };
}

function confirmForm(
  { request, query, outcome }: ManyAsked & { outcome: ManyPreview },
  links: ChannelLinks,
  { t, number }: Reader,
): ChangeManyPage['confirm'] {
  const action = request.do;
  const values = { count: outcome.changed, number: number(outcome.changed) };
  return {
    action: links.changeMany,
    text: t(`many.confirm.${levelOf(action) === null ? action : 'level'}`, values),
    danger: action === 'deactivate' || action === 'remove',
    fields: [...placeFields(query), ...requestFields(request, outcome)],
  };
}

function requestFields(request: ManyAsked['request'], { at, changed }: ManyPreview): HiddenField[] {
  const whom =
    request.everyone === null
      ? { name: 'users', value: request.users.join(' ') }
      : { name: 'everyone', value: request.everyone };
  return [
    whom,
    { name: 'do', value: request.do },
    { name: 'seen_at', value: `${at}` },
    { name: 'seen_changed', value: `${changed}` },
  ];
}

function partsOf(outcome: ManyOutcome, { t, number }: Reader): ChangeManyPage['parts'] {
  const values = (count: number) => ({ count, number: number(count) });
  const nameOf = (member: Membership) => personName(member.person.name, member.subject, t).name;
  const more = (count: number, shown: number) => (count > shown ? t('many.more', values(count - shown)) : null);
  const { changed, unchanged, examples } = outcome;
  const names = examples.changed.map(nameOf);
  const refused = Object.entries(outcome.refused) as [MemberRefusal, number][];
  return [
    {
      tone: changed > 0 ? 'good' : 'calm',
      text: t('many.parts.changed', values(changed)),
      names,
      more: more(changed, names.length),
    },
    ...(unchanged > 0
      ? [{ tone: 'calm' as const, text: t('many.parts.unchanged', values(unchanged)), names: [], more: null }]
      : []),
    ...refused.map(([reason, count]) => {
      const some = examples.refused.filter((one) => one.reason === reason).map(({ member }) => nameOf(member));
      const text = t(`many.parts.refused.${reason as ToldRefusal}`, values(count));
      return { tone: 'warn' as const, text, names: some, more: more(count, some.length) };
    }),
  ];
}
