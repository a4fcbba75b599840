import { createHash } from 'node:crypto';
import { DEEP_LINKING_SETTINGS, LTI, NRPS_CLAIM, NRPS_SCOPE } from '../claim-names.ts';
import { faultsFor, type Privacy } from '../faults.ts';
import type { LaunchSubject } from '../launch-subject.ts';
import { type LmsCore, type LoginOptions, override } from '../lms.ts';
import { fullName, type SandboxPerson } from '../people.ts';
import { moodleCustom } from './custom.ts';
import { launchRoleUris, rosterRole } from './roles.ts';

/** The claims of a Moodle 4.5 launch: everything is stamped when the tool comes back, and lives for one minute. */
export function moodleClaims(
  core: LmsCore,
  subject: LaunchSubject,
  options: LoginOptions & { nonce: string },
): Record<string, unknown> {
  const { registration, course, person, outsideCourse } = subject;
  if (!person) throw new Error('Moodle has no anonymous launches');
  const faults = faultsFor(core.faults, course.id);
  const messageType = options.messageType ?? 'LtiResourceLinkRequest';
  const deepLinking = messageType === 'LtiDeepLinkingRequest';
  const iat = Math.floor((core.clock() - faults.earlyIatMs) / 1000);
  const shown = shownToTool(person, faults.privacy ?? registration.privacy);
  const rosterUrl = hasRosterClaim(core, subject, faults.noRosterClaim)
    ? moodleRosterUrl(core, course.id, registration.deploymentIds[0] ?? '')
    : null;
  const claims: Record<string, unknown> = {
    nonce: options.nonce,
    iat,
    exp: iat + 60,
    iss: core.base,
    aud: registration.clientId,
    [`${LTI}deployment_id`]: faults.unknownDeployment ? '999' : (registration.deploymentIds[0] ?? ''),
    [`${LTI}target_link_uri`]: options.targetLinkUri ?? registration.tool.targetLinkUri,
    sub: person.id,
    [`${LTI}lis`]: { person_sourcedid: person.sourcedId, course_section_sourcedid: course.label },
    [`${LTI}roles`]: launchRoles(subject, options).sort(),
    [`${LTI}context`]: outsideCourse
      ? { id: '1', label: 'sandbox', title: 'Sandbox Moodle', type: ['Group'] }
      : { id: course.contextId, label: course.label, title: course.title, type: ['CourseSection'] },
    [`${LTI}message_type`]: messageType,
    ...(deepLinking ? deepLinkingClaim(core, subject) : linkClaim(subject)),
    ...personNames(shown),
    [`${LTI}ext`]: { ...(shown.name ? { user_username: person.username } : {}), lms: 'moodle-2' },
    ...(shown.email ? { email: shown.email } : {}),
    [`${LTI}launch_presentation`]: presentation(core, subject),
    [`${LTI}tool_platform`]: toolPlatform(),
    [`${LTI}version`]: '1.3.0',
    [`${LTI}custom`]: moodleCustom(registration.custom, subject, rosterUrl),
    ...(rosterUrl ? { [NRPS_CLAIM]: { context_memberships_url: rosterUrl, service_versions: ['1.0', '2.0'] } } : {}),
  };
  return override(claims, options.overrides?.claims);
}

/** Moodle's privacy is two settings, name and e-mail; it never sends a picture. */
export function shownToTool(person: SandboxPerson, privacy: Privacy): { name?: MoodleName; email?: string } {
  const names = privacy === 'public' || privacy === 'name_only';
  const mail = privacy === 'public' || privacy === 'email_only';
  return {
    ...(names ? { name: { given: person.givenName, family: person.familyName, full: fullName(person) } } : {}),
    ...(mail ? { email: person.email } : {}),
  };
}

export type MoodleName = { given: string; family: string; full: string };

export function moodleRosterUrl(core: LmsCore, courseId: string, typeId: string): string {
  return `${core.base}/mod/lti/services.php/CourseSection/${courseId}/bindings/${typeId}/memberships`;
}

function launchRoles(subject: LaunchSubject, options: LoginOptions): string[] {
  const { person, enrolment } = subject;
  const admin = person?.siteAdmin ?? false;
  const switched = options.overrides?.switchedToStudent ?? false;
  const deepLinking = options.messageType === 'LtiDeepLinkingRequest';
  const teaches = deepLinking ? enrolment !== null && rosterRole(enrolment) === 'Instructor' : undefined;
  return launchRoleUris({ enrolment, admin, switched, ...(teaches === undefined ? {} : { teaches }) });
}

function hasRosterClaim(core: LmsCore, subject: LaunchSubject, switchedOff: boolean): boolean {
  const granted = subject.registration.scopes.includes(NRPS_SCOPE) && !core.faults.scopeNotGranted;
  return granted && !switchedOff;
}

function linkClaim({ course, registration }: LaunchSubject): Record<string, unknown> {
  return {
    [`${LTI}resource_link`]: { title: registration.name, description: 'LTI activity', id: course.resourceLinkId },
  };
}

function deepLinkingClaim(core: LmsCore, { course, registration }: LaunchSubject): Record<string, unknown> {
  const query = new URLSearchParams({
    course: course.id,
    id: registration.deploymentIds[0] ?? '',
    sesskey: 'sAndb0xKey',
  });
  return {
    [DEEP_LINKING_SETTINGS]: {
      accept_types: ['ltiResourceLink'],
      accept_presentation_document_targets: ['frame', 'iframe', 'window'],
      accept_copy_advice: false,
      accept_multiple: true,
      accept_unsigned: false,
      auto_create: false,
      can_confirm: false,
      deep_link_return_url: `${core.base}/mod/lti/contentitem_return.php?${query}`,
      title: '',
      text: '',
    },
  };
}

function personNames(shown: { name?: MoodleName }): Record<string, string> {
  return shown.name ? { given_name: shown.name.given, family_name: shown.name.family, name: shown.name.full } : {};
}

/** The return address holds the person's session key, as Moodle's does. */
function presentation(core: LmsCore, { course, person }: LaunchSubject): Record<string, string> {
  const query = new URLSearchParams({
    course: course.id,
    launch_container: '3',
    instanceid: course.resourceLinkId,
    sesskey: 'sAndb0xKey',
  });
  return {
    locale: moodleLocale(person?.locale ?? 'en'),
    document_target: 'iframe',
    return_url: `${core.base}/mod/lti/return.php?${query}`,
  };
}

/** Moodle's language codes: lower case, with an underscore. */
function moodleLocale(locale: string): string {
  return locale.toLowerCase().replaceAll('-', '_');
}

function toolPlatform(): Record<string, string> {
  return {
    product_family_code: 'moodle',
    version: '2024100706',
    guid: createHash('md5').update('sandbox moodle').digest('hex'),
    name: 'sandbox',
    description: 'Sandbox Moodle',
  };
}
