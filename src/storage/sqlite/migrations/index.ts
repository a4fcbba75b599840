import { platforms } from './001-platforms.ts';
import { channels } from './002-channels.ts';
import { syncs } from './003-syncs.ts';
import { sessions } from './004-sessions.ts';
import { syncTries } from './005-sync-tries.ts';
import { jobs } from './006-jobs.ts';
import { zoom } from './007-zoom.ts';
import { recordings } from './008-recordings.ts';

/** In order; the first brings a database to version 1. One that was released is never changed, only followed. */
export const MIGRATIONS: readonly string[] = [platforms, channels, syncs, sessions, syncTries, jobs, zoom, recordings];
