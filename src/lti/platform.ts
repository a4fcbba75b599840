import type { PlatformId } from '../channels/channel.ts';
import type { PermissionLevel } from '../channels/permission-level.ts';

/** Which LMS a platform runs; decides on its quirks, never on its rights. */
export type PlatformFamily = 'canvas' | 'moodle' | 'other';

/** `pending`: registered, not yet confirmed by an operator. Launches need `active`. */
export type PlatformStatus = 'active' | 'pending' | 'disabled';

/** One LMS registration: issuer and client ID. Hosted Canvas schools share one issuer, so neither alone is a key. */
export type Platform = {
  id: PlatformId;
  name: string;
  issuer: string;
  clientId: string;
  authUrl: string;
  tokenUrl: string;
  /** The audience of token requests when it is not the token URL (Brightspace, Blackboard); else null. */
  tokenAudience: string | null;
  jwksUrl: string;
  family: PlatformFamily;
  status: PlatformStatus;
  /**
   * `listed`: launches from other deployments are refused. `learn`: a new one is recorded at its first launch, for
   * Canvas makes deployments after registration and tells the tool nothing.
   */
  deployments: 'listed' | 'learn';
  deploymentIds: string[];
  /** Origins, besides those of the registered URLs, that tokens may be sent to (a Canvas school's own host). */
  serviceOrigins: string[];
  /** Levels for roles, over the default table: role URI or bare role -> level. */
  roleLevels: Record<string, PermissionLevel>;
  /** The key pair that signs for this platform; ltijs calls it kid and platform ID. */
  keyId: string;
  createdAt: number;
  updatedAt: number;
};

/** The origins that messages, tokens and rosters of a platform may come from and go to. */
export function platformOrigins(platform: Platform): string[] {
  const urls = [platform.issuer, platform.authUrl, platform.tokenUrl, platform.jwksUrl];
  const origins = urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin);
  return [...new Set([...origins, ...platform.serviceOrigins])];
}
