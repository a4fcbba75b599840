import { Browser, type Exchange, type Requests } from './browser.ts';
import type { Child } from './child.ts';
import { type Form, type Login, launchForm, type SigningLms } from './launch-form.ts';
import type { LaunchTarget } from './launch-types.ts';

export const PARALLEL = 32;
/** Tokens are signed between two batches, outside the measured time, and are still fresh when they are posted. */
const BATCH = 200;
/** Enough that no limit of requests per address is reached. */
const CLIENT_ADDRESSES = 50;

export type Person = { subject: string; browser: Browser };
export type Launching = Pick<SigningLms, 'lms' | 'privateKey'> & {
  /** The processes whose CPU time is counted. */
  servers: readonly Child[];
  target: LaunchTarget;
  /** Whether the page a launch ends on is asked for. */
  withPage: boolean;
};
export type Spent = { cpu: number; wall: number };

/** People who have not launched yet, counted from `first`, each with a browser. */
export function peopleFrom(first: number, count: number, pool: Requests): Person[] {
  return Array.from({ length: count }, (_, i) => ({
    subject: `person-${first + i}`,
    browser: new Browser(pool, `192.0.2.${1 + (i % CLIENT_ADDRESSES)}`),
  }));
}

/** Everybody launches once, `PARALLEL` at a time; returns what that took of CPU time and of time, in milliseconds. */
export async function launchAll(run: Launching, people: readonly Person[]): Promise<Spent> {
  const spent = { cpu: 0, wall: 0 };
  for (let from = 0; from < people.length; from += BATCH) {
    const batch = people.slice(from, from + BATCH);
    const logins = await timed(run, spent, batch, (person) => logIn(run, person));
    const forms = logins.map((login, i) => launchForm(run, login, (batch[i] as Person).subject));
    await timed(run, spent, batch, (person, i) => launch(run, person, forms[i] as Form));
  }
  return spent;
}

async function timed<Value>(
  { servers }: Launching,
  spent: Spent,
  people: readonly Person[],
  work: (person: Person, index: number) => Promise<Value>,
): Promise<Value[]> {
  const cpuBefore = await cpuOf(servers);
  const begun = performance.now();
  const values: Value[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let i = next++; i < people.length; i = next++) values[i] = await work(people[i] as Person, i);
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  spent.wall += performance.now() - begun;
  spent.cpu += (await cpuOf(servers)) - cpuBefore;
  return values;
}

async function cpuOf(servers: readonly Child[]): Promise<number> {
  const all = await Promise.all(servers.map((server) => server.ask<number>('cpu')));
  return all.reduce((sum, ms) => sum + ms, 0);
}

/** From the LMS's first request to the redirect back to the LMS. */
async function logIn({ lms, target }: Launching, { browser, subject }: Person): Promise<Login> {
  let answer = await browser.post(target.loginPath, {
    iss: lms.issuer,
    login_hint: subject,
    target_link_uri: target.targetLinkUri,
    client_id: lms.clientId,
    lti_deployment_id: lms.deploymentId,
    lti_message_hint: `hint of ${subject}`,
  });
  while (answer.location?.startsWith('/')) answer = await browser.get(answer.location);
  if (!answer.location?.startsWith(lms.authUrl)) throw new Error(`no login: ${describe(answer)}`);
  const query = new URL(answer.location).searchParams;
  return { state: query.get('state') ?? '', nonce: query.get('nonce') ?? '' };
}

async function launch({ target, withPage }: Launching, { browser }: Person, form: Form): Promise<void> {
  const answer = await browser.post(target.launchPath, form);
  if (answer.status >= 400 || answer.location === null) throw new Error(`no launch: ${describe(answer)}`);
  if (!withPage) return;
  const page = await browser.get(answer.location);
  if (page.status !== 200) throw new Error(`no page: ${describe(page)}`);
}

function describe({ status, location, body }: Exchange): string {
  return `${status} ${location ?? ''} ${body.slice(0, 500)}`;
}
