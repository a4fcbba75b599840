import { DEEP_LINKING_SETTINGS, LTI, NRPS_CLAIM, NRPS_SCOPE } from '../claim-names.ts';
import { faultsFor, type Privacy } from '../faults.ts';
import type { LaunchSubject } from '../launch-subject.ts';
import { type LmsCore, type LoginOptions, override } from '../lms.ts';
import { fullName, opaqueId, type SandboxPerson } from '../people.ts';
import { launchRoleUris } from './roles.ts';
import { expandCustom } from './variables.ts';

/**
 * The claims of a Canvas launch without its nonce. They are stamped when the login begins and kept until the tool
 * comes back, so `iat` may be up to five minutes old when it arrives; `exp` is an hour later.
 */
export function canvasClaims(core: LmsCore, subject: LaunchSubject, options: LoginOptions): Record<string, unknown> {
  const { registration, course, outsideCourse, person } = subject;
  const faults = faultsFor(core.faults, course.id);
  const messageType = options.messageType ?? 'LtiResourceLinkRequest';
  const iat = Math.floor((core.clock() - faults.earlyIatMs) / 1000);
  const privacy = faults.privacy ?? registration.privacy;
  const claims: Record<string, unknown> = {
    [`${LTI}message_type`]: messageType,
    [`${LTI}version`]: '1.3.0',
    aud: registration.clientId,
    azp: registration.clientId,
    [`${LTI}deployment_id`]: faults.unknownDeployment ? `999:${opaqueId('unknown')}` : registration.deploymentIds[0],
    exp: iat + 3600,
    iat,
    iss: core.base,
    ...(person ? { sub: subject.enrolment?.formerId ?? person.id } : {}),
    [`${LTI}target_link_uri`]: options.targetLinkUri ?? registration.tool.targetLinkUri,
    ...placeClaims(core, subject, messageType),
    [`${LTI}tool_platform`]: toolPlatform(),
    [`${LTI}launch_presentation`]: presentation(core, subject),
    locale: person?.locale ?? 'en',
    [`${LTI}roles`]: launchRoleUris(person, subject.enrolment, outsideCourse),
    [`${LTI}custom`]: expandCustom(registration.custom, { ...subject, course: outsideCourse ? null : course }),
    ...(person ? personClaims(person, privacy, course.label) : {}),
    ...rosterClaim(core, subject, faults.noRosterClaim),
    'https://www.instructure.com/placement': outsideCourse ? 'account_navigation' : 'course_navigation',
  };
  return override(claims, options.overrides?.claims);
}

/** The name, address and picture that a privacy level lets out. */
export function shownToTool(person: SandboxPerson, privacy: Privacy): Record<string, string> {
  const names = { name: fullName(person), given_name: person.givenName, family_name: person.familyName };
  const mail = { email: person.email };
  const picture = { picture: `https://campus.example/images/${person.number}.png` };
  switch (privacy) {
    case 'public':
      return { ...names, ...mail, ...picture };
    case 'name_only':
      return names;
    case 'email_only':
      return mail;
    case 'anonymous':
      return {};
  }
}

export function canvasRosterUrl(core: LmsCore, courseId: string): string {
  return `${core.base}/api/lti/courses/${courseId}/names_and_roles`;
}

function placeClaims(core: LmsCore, subject: LaunchSubject, messageType: string): Record<string, unknown> {
  const { course, outsideCourse } = subject;
  const context = outsideCourse
    ? { id: opaqueId('canvas account 1'), label: 'Sandbox University', title: 'Sandbox University', type: ['Account'] }
    : {
        id: course.contextId,
        label: course.label,
        title: course.title,
        type: ['http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering'],
      };
  const claims = { [`${LTI}context`]: context };
  if (messageType === 'LtiDeepLinkingRequest') {
    return {
      ...claims,
      [DEEP_LINKING_SETTINGS]: {
        deep_link_return_url: `${core.base}/courses/${course.id}/deep_linking_response?modal=true`,
        accept_types: ['link', 'file', 'html', 'ltiResourceLink', 'image'],
        accept_presentation_document_targets: ['embed', 'iframe', 'window'],
        accept_media_types: 'image/*,text/html',
        auto_create: false,
        accept_multiple: true,
      },
    };
  }
  return { ...claims, [`${LTI}resource_link`]: { id: context.id, description: null, title: context.title } };
}

function toolPlatform(): Record<string, string> {
  return {
    guid: `${opaqueId('canvas root account')}:canvas-lms`,
    name: 'Sandbox University',
    version: 'cloud',
    product_family_code: 'canvas',
  };
}

function presentation(core: LmsCore, { course, person }: LaunchSubject): Record<string, unknown> {
  return {
    document_target: 'iframe',
    return_url: `${core.base}/courses/${course.id}/external_content/success/external_tool_redirect`,
    locale: person?.locale ?? 'en',
    height: 800,
    width: 800,
  };
}

function personClaims(person: SandboxPerson, privacy: Privacy, courseLabel: string): Record<string, unknown> {
  const sourced = privacy === 'public' || privacy === 'name_only';
  const lis = { person_sourcedid: person.sourcedId || null, course_offering_sourcedid: `SIS-${courseLabel}` };
  return {
    ...shownToTool(person, privacy),
    ...(sourced ? { [`${LTI}lis`]: lis } : {}),
    [`${LTI}lti11_legacy_user_id`]: person.legacyId,
    [`${LTI}lti1p1`]: { user_id: person.legacyId },
  };
}

function rosterClaim(core: LmsCore, subject: LaunchSubject, switchedOff: boolean): Record<string, unknown> {
  const granted = subject.registration.scopes.includes(NRPS_SCOPE) && !core.faults.scopeNotGranted;
  if (switchedOff || subject.outsideCourse || !granted) return {};
  return {
    [NRPS_CLAIM]: {
      context_memberships_url: canvasRosterUrl(core, subject.course.id),
      service_versions: ['2.0'],
    },
  };
}
