import type { Visitor } from '../../support/visitor.ts';

/** What a page was told of a sync by its event stream, newest last. */
export type Followed = { texts: string[]; ended: Promise<string> };

/** Follows a sync as the page does: connects again when the stream is over, until it is told of the end. */
export function followSync(visitor: Visitor, syncId: string): Followed {
  const page = new URL(visitor.url);
  const url = new URL(`${page.pathname.replace(/\/$/, '')}/syncs/${syncId}/events${page.search}`, page);
  const cookie = [...visitor.cookies()].map(([name, value]) => `${name}=${value}`).join('; ');
  const texts: string[] = [];

  async function follow(): Promise<string> {
    for (;;) {
      const answer = await fetch(url, { headers: { cookie, accept: 'text/event-stream' } });
      if (!answer.ok || !answer.body) throw new Error(`the events of a sync: ${answer.status}`);
      const end = await readStream(answer.body, texts);
      if (end !== null) return end;
    }
  }
  return { texts, ended: follow() };
}

/** Collects what progress is told; the text of the end, or null when the stream was over before. */
async function readStream(body: ReadableStream<Uint8Array>, texts: string[]): Promise<string | null> {
  let left = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const events = (left + chunk).split('\n\n');
    left = events.pop() ?? '';
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      if (data === undefined) continue;
      const { text } = JSON.parse(data) as { text: string };
      if (name === 'end') return text;
      texts.push(text);
    }
  }
  return null;
}
