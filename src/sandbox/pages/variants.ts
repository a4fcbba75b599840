import type { LoginOptions } from '../lms.ts';
import type { LmsFamily } from '../people.ts';

/** A kind of launch other than the usual one, as the course page offers it. */
export type LaunchVariant = {
  value: string;
  label: string;
  only?: LmsFamily;
  launch: Pick<LoginOptions, 'messageType' | 'overrides'>;
};

const USUAL: LaunchVariant = { value: '', label: 'the usual way', launch: {} };

const VARIANTS: readonly LaunchVariant[] = [
  USUAL,
  { value: 'content', label: 'to choose content', launch: { messageType: 'LtiDeepLinkingRequest' } },
  { value: 'outside', label: 'outside any course', launch: { overrides: { withoutContext: true } } },
  { value: 'visitor', label: 'without being logged in', only: 'canvas', launch: { overrides: { anonymous: true } } },
  {
    value: 'switched',
    label: 'with the role switched to student',
    only: 'moodle',
    launch: { overrides: { switchedToStudent: true } },
  },
];

export function variantsOf(family: LmsFamily): LaunchVariant[] {
  return VARIANTS.filter((variant) => !variant.only || variant.only === family);
}

/** The variant of that name; the usual way when there is none. */
export function findVariant(family: LmsFamily, value: string): LaunchVariant {
  return variantsOf(family).find((variant) => variant.value === value) ?? USUAL;
}
