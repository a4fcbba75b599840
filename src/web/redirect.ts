import type { Response } from 'express';

/**
 * Sends the browser on, without the page that Express adds for people who follow a redirect by hand. A launch is mostly
 * redirects, and that page is a third of what one costs. `url` is a path of ours or an address that was parsed as a URL.
 */
export function redirect(res: Response, status: 302 | 303, url: string): void {
  res.statusCode = status;
  res.setHeader('Location', url);
  res.end();
}
