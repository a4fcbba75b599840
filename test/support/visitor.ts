/** A browser without a screen: keeps cookies by origin, follows redirects, submits the forms that LMSs submit by script. */
export class Visitor {
  status = 0;
  url = '';
  html = '';
  headers = new Headers();
  /** Addresses on the way to the present page. */
  trail: string[] = [];
  private readonly jar = new Map<string, Map<string, string>>();

  constructor(readonly home: string) {}

  get(path: string, headers: Record<string, string> = {}): Promise<this> {
    return this.go(new URL(path, this.url || this.home).href, { method: 'GET', headers });
  }

  post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<this> {
    return this.go(new URL(path, this.url || this.home).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(fields).toString(),
    });
  }

  /** Submits a form of the present page as the page itself would: same origin, with its hidden fields. */
  submit(action: string | RegExp, fields: Record<string, string> = {}): Promise<this> {
    const form = this.forms().find((one) =>
      typeof action === 'string' ? one.action === action : action.test(one.action),
    );
    if (!form) throw new Error(`no form posts to ${action} on ${this.url}`);
    const { origin } = new URL(this.url);
    return this.post(form.action, { ...form.fields, ...fields }, { origin, 'sec-fetch-site': 'same-origin' });
  }

  /** Submits the single self-submitting form of a page, until a page has none: what an LMS does on the way to a tool. */
  async followForms(limit = 5): Promise<this> {
    for (let i = 0; i < limit; i++) {
      const [form] = this.forms();
      if (!form || !('id_token' in form.fields || 'error' in form.fields)) return this;
      await this.post(form.action, form.fields, { origin: new URL(this.url).origin });
    }
    return this;
  }

  forms(): { action: string; fields: Record<string, string> }[] {
    return [...this.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, attributes = '', inside = '']) => ({
      action: decode(/\baction="([^"]*)"/.exec(attributes)?.[1] ?? ''),
      fields: Object.fromEntries(
        [...inside.matchAll(/<input\b[^>]*>/gi)].flatMap(([tag]) => {
          const name = /\bname="([^"]*)"/.exec(tag)?.[1];
          return name === undefined ? [] : [[decode(name), decode(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '')]];
        }),
      ),
    }));
  }

  /** The page's text, without markup. */
  text(): string {
    const body = this.html.replace(/<(script|style|head)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
    return decode(body).replace(/\s+/g, ' ').trim();
  }

  cookies(origin = this.home): Map<string, string> {
    const known = this.jar.get(origin) ?? new Map<string, string>();
    this.jar.set(origin, known);
    return known;
  }

  private async go(
    url: string,
    request: { method: string; headers: Record<string, string>; body?: string },
  ): Promise<this> {
    this.trail = [];
    let next: string | null = url;
    let init = request;
    for (let hop = 0; next !== null; hop++) {
      if (hop > 10) throw new Error(`too many redirects: ${this.trail.join(' -> ')}`);
      this.trail.push(next);
      next = await this.step(next, init);
      init = { method: 'GET', headers: {} };
    }
    return this;
  }

  private async step(
    url: string,
    { method, headers, body }: { method: string; headers: Record<string, string>; body?: string },
  ): Promise<string | null> {
    const { origin } = new URL(url);
    const cookie = [...this.cookies(origin)].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
      ...(body === undefined ? {} : { body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      this.cookies(origin).set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = response.headers.get('location') ?? refreshOf(response.headers);
    this.status = response.status;
    this.headers = response.headers;
    this.url = url;
    this.html = await response.text();
    return location === null ? null : new URL(location, url).href;
  }
}

/** Where a page leads by itself at once. */
function refreshOf(headers: Headers): string | null {
  return /^0; url=(.+)$/.exec(headers.get('refresh') ?? '')?.[1] ?? null;
}

function decode(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#34': '"' };
  return text.replace(/&(amp|lt|gt|quot|#39|#34|#x27);/g, (_all, name: string) => named[name] ?? "'");
}
