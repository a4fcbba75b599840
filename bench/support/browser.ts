import type { Pool } from 'undici';

/** Whatever sends requests: one server, or several by turns. */
export type Requests = Pick<Pool, 'request'>;

export type Exchange = { status: number; location: string | null; body: string; ms: number };

/** Just enough of a browser: keeps cookies and tells where it is sent. One for each person who launches. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  /** `address` is what a proxy in front of the tool says of the client. */
  constructor(
    private readonly pool: Requests,
    private readonly address = '192.0.2.1',
  ) {}

  get(path: string): Promise<Exchange> {
    return this.send('GET', path, undefined);
  }

  post(path: string, fields: Record<string, string>): Promise<Exchange> {
    return this.send('POST', path, new URLSearchParams(fields).toString());
  }

  private async send(method: 'GET' | 'POST', path: string, form: string | undefined): Promise<Exchange> {
    const begun = performance.now();
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.pool.request({
      method,
      path,
      headers: {
        'x-forwarded-for': this.address,
        ...(cookie === '' ? {} : { cookie }),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: form ?? null,
    });
    const body = await answer.body.text();
    this.keep(answer.headers['set-cookie']);
    const { location } = answer.headers;
    return {
      status: answer.statusCode,
      location: typeof location === 'string' ? location : null,
      body,
      ms: performance.now() - begun,
    };
  }

  private keep(setCookie: string | string[] | undefined): void {
    for (const line of [setCookie ?? []].flat()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }
}
