import { LTI } from '../claim-names.ts';
import type { Enrolment, SandboxCourse } from '../course.ts';
import type { Privacy } from '../faults.ts';
import { shownToTool } from './claims.ts';
import { escapeAsMoodle } from './json.ts';
import { rosterRoles } from './roles.ts';

type BodyOptions = {
  /** The roster's own address, without a query. */
  base: string;
  course: SandboxCourse;
  privacy: Privacy;
  /** Asked for one resource link: each member carries a message. */
  withLink: boolean;
};

/** A roster as Names and Roles 2.0 wants it. */
export function jsonBody(shown: Enrolment[], options: BodyOptions): unknown {
  const { contextId, label, title } = options.course;
  return {
    id: options.base,
    context: { id: contextId, label, title },
    members: shown.map((enrolment) => toMember(enrolment, options)),
  };
}

/** The older service's form, given to those who ask for its type. */
export function jsonLdBody(shown: Enrolment[], options: BodyOptions): unknown {
  const membership = shown.map((enrolment) => {
    const { roles, user_id, lis_person_sourcedid, given_name, family_name, ...rest } = toMember(enrolment, options);
    const { name, email, ext_user_username } = rest;
    const person = { userId: user_id, sourcedId: lis_person_sourcedid, name, givenName: given_name };
    return {
      status: 'Active',
      role: roles,
      member: { '@type': 'LISPerson', ...person, familyName: family_name, email, ext_user_username },
    };
  });
  const membershipSubject = { '@type': 'Context', contextId: options.course.contextId, membership };
  return {
    '@context': 'http://purl.imsglobal.org/ctx/lis/v2/MembershipContainer',
    '@type': 'Page',
    '@id': options.base,
    pageOf: { '@type': 'LISMembershipContainer', membershipSubject },
  };
}

function toMember(enrolment: Enrolment, { privacy, withLink }: BodyOptions): Record<string, unknown> {
  const { person } = enrolment;
  const { name, email } = shownToTool(person, privacy);
  const named = name && {
    name: escapeAsMoodle(name.full),
    given_name: escapeAsMoodle(name.given),
    family_name: escapeAsMoodle(name.family),
  };
  return {
    status: 'Active',
    roles: rosterRoles(enrolment),
    ...(withLink ? { message: [{ [`${LTI}message_type`]: 'LtiResourceLinkRequest' }] } : {}),
    user_id: person.id,
    lis_person_sourcedid: escapeAsMoodle(person.sourcedId),
    ...named,
    ...(email ? { email: escapeAsMoodle(email) } : {}),
    ...(name ? { ext_user_username: escapeAsMoodle(person.username) } : {}),
  };
}
