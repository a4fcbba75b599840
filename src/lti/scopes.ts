/** The scope that reading a roster needs (NRPS 2.0); the only one Rostrum asks for. */
export const ROSTER_SCOPE = 'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly';
