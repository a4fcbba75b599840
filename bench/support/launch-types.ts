/** The one LMS all tools are launched from. */
export type Lms = {
  issuer: string;
  clientId: string;
  deploymentId: string;
  authUrl: string;
  tokenUrl: string;
  jwksUrl: string;
};

/** Where a tool takes launches. */
export type LaunchTarget = {
  origin: string;
  loginPath: string;
  launchPath: string;
  /** What login and token name as the target. */
  targetLinkUri: string;
};
