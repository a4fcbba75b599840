/** The addresses an LMS has to know of the tool. */
export type ToolUrls = {
  login: string;
  launch: string;
  keys: string;
  icon: string;
  /** Host and port of the launch URL. */
  domain: string;
};

/** The addresses under a public origin; `launch` is the one redirect URI. */
export function toolUrls(publicUrl: string): ToolUrls {
  return {
    login: `${publicUrl}/lti/login`,
    launch: `${publicUrl}/lti/launch`,
    keys: `${publicUrl}/lti/keys`,
    icon: `${publicUrl}/lti/icon.svg`,
    domain: new URL(publicUrl).host,
  };
}
