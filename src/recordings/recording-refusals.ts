/** Ways in which requests about recordings are refused; part of the table in `src/web/problems.ts`. */
export const RECORDING_REFUSALS = {
  'no-such-recording': { status: 404, operator: 'No such recording, or not for this person' },
  'media-link-expired': { status: 403, operator: 'A media URL was over, or was made for somebody else' },
  'bring-nowhere': { status: 403, operator: 'A list of recordings in Zoom for somebody who contributes to no channel' },
} as const;
