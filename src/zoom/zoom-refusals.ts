/** Ways in which requests about Zoom are refused; part of the table in `src/web/problems.ts`. */
export const ZOOM_REFUSALS = {
  'zoom-not-set-up': { status: 404, operator: 'No Zoom app is configured (ZOOM_CLIENT_ID)' },
  'zoom-state-unknown': { status: 400, operator: 'The Zoom callback has a state that is unknown, used, or too old' },
  'zoom-other-browser': { status: 403, operator: 'The Zoom callback came to another browser or person than began it' },
  'no-such-meeting-link': { status: 404, operator: 'No such meeting link in this channel' },
} as const;
