import { request } from 'undici';
import { answerQuestions, cpuMs } from '../support/child.ts';

export type Walk = { ms: number; cpu: number; pages: number; members: number };

/** Fetching and parsing the pages of a roster, and nothing else: what no sync can be quicker than. */
answerQuestions({
  async walk({ url, token }: { url: string; token: string }): Promise<Walk> {
    const begun = performance.now();
    const cpuBefore = cpuMs();
    let pages = 0;
    let members = 0;
    for (let next: string | undefined = url; next !== undefined; pages++) {
      const answer: Awaited<ReturnType<typeof request>> = await request(next, {
        headers: { authorization: token, accept: 'application/vnd.ims.lti-nrps.v2.membershipcontainer+json' },
      });
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}: ${await answer.body.text()}`);
      const page = JSON.parse(await answer.body.text()) as { members: unknown[] };
      members += page.members.length;
      next = /<([^>]*)>; rel="next"/.exec(String(answer.headers.link))?.[1];
    }
    return { ms: performance.now() - begun, cpu: cpuMs() - cpuBefore, pages, members };
  },
});
