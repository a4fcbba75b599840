import type { OpenStorage } from '../support/builders.ts';
import { defineActivityStoreSuite } from './activity-store-suite.ts';
import { defineAuthorisationStoreSuite } from './authorisation-store-suite.ts';
import { defineCatalogueStoreSuite } from './catalogue-store-suite.ts';
import { defineChannelStoreSuite } from './channel-store-suite.ts';
import { defineConnectionStoreSuite } from './connection-store-suite.ts';
import { defineCourseEntrySuite } from './course-entry-suite.ts';
import { defineExpirySuite } from './expiry-suite.ts';
import { defineKeyStoreSuite } from './key-store-suite.ts';
import { defineLeaseStoreSuite } from './lease-store-suite.ts';
import { defineLoginStoreSuite } from './login-store-suite.ts';
import { defineMeetingLinkStoreSuite } from './meeting-link-store-suite.ts';
import { defineMembershipChangesSuite } from './membership-changes-suite.ts';
import { defineMembershipStoreSuite } from './membership-store-suite.ts';
import { defineMyChannelsSuite } from './my-channels-suite.ts';
import { definePlatformStoreSuite } from './platform-store-suite.ts';
import { definePurgeSuite } from './purge-suite.ts';
import { defineRecordingStoreSuite } from './recording-store-suite.ts';
import { defineSessionStoreSuite } from './session-store-suite.ts';
import { defineSyncStoreSuite } from './sync-store-suite.ts';
import { defineUserSearchSuite } from './user-search-suite.ts';

/** Everything a storage engine has to pass. */
export function defineAllSuites(open: OpenStorage): void {
  defineChannelStoreSuite(open);
  defineCourseEntrySuite(open);
  defineMyChannelsSuite(open);
  defineMembershipStoreSuite(open);
  defineMembershipChangesSuite(open);
  defineUserSearchSuite(open);
  defineSyncStoreSuite(open);
  defineLeaseStoreSuite(open);
  defineActivityStoreSuite(open);
  definePlatformStoreSuite(open);
  defineLoginStoreSuite(open);
  defineKeyStoreSuite(open);
  defineSessionStoreSuite(open);
  defineAuthorisationStoreSuite(open);
  defineConnectionStoreSuite(open);
  defineMeetingLinkStoreSuite(open);
  defineExpirySuite(open);
  definePurgeSuite(open);
  defineRecordingStoreSuite(open);
  defineCatalogueStoreSuite(open);
}
