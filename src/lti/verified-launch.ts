import type { Person } from '../channels/membership.ts';
import type { Platform } from './platform.ts';

export type MessageType = 'LtiResourceLinkRequest' | 'LtiDeepLinkingRequest';

/** A launch whose every check passed; the only type later steps accept. */
export type VerifiedLaunch = {
  platform: Platform;
  deploymentId: string;
  /** `tool_platform.guid`: tells the schools of one Canvas key apart; null when not said. */
  tenant: string | null;
  messageType: MessageType;
  /** Null for Canvas's anonymous visitors of public courses. */
  subject: string | null;
  person: Person;
  roles: string[];
  /** The course; null when the tool was launched outside one. */
  context: { id: string; title: string; label: string | null; types: string[] } | null;
  /** From the NRPS claim; null when the LMS offers no roster here. */
  rosterUrl: string | null;
  targetLinkUri: string;
  /** As a BCP 47 tag ("pt-BR"), whatever the LMS wrote ("pt_br"); null when not said. */
  locale: string | null;
  /** IANA name from the custom parameter `time_zone`, or null. */
  timeZone: string | null;
  /** Where "back to the course" leads; holds a secret of the user on Moodle: never logged. */
  returnUrl: string | null;
  custom: Record<string, string>;
};
