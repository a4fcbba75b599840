import { type CourseRole, type Enrolment, isListed, type SandboxCourse } from '../course.ts';
import { faultsFor } from '../faults.ts';
import { type Html, html, raw } from '../html.ts';
import type { SandboxLms } from '../lms.ts';
import { fullName } from '../people.ts';
import { rolesOf, statesOf } from '../roster.ts';
import { FAILURES } from './failures.ts';
import { actionButton, layout, topBar } from './layout.ts';
import { coursePath, rosterPath } from './paths.ts';

const SHOWN = 60;

/** Who is in a course, and everything that can be done to it. */
export function rosterEditPage(lms: SandboxLms, course: SandboxCourse, search: string): Html {
  const path = rosterPath(lms.family, course.id);
  const title = `Roster of ${course.label}`;
  const body = html`${topBar()}
<main class="page">
<p class="crumbs"><a href="/">Sandbox</a> › ${lms.family === 'canvas' ? 'Canvas-like' : 'Moodle-like'} › ${course.label}</p>
<h1>Roster of “${course.title}”</h1>
<div class="card">
<ul class="figures">${figures(course)}</ul>
<p role="status"><strong>${nextSync(lms, course)}</strong></p>
<div class="row">
${actionButton(path, { action: 'add' }, 'Add a student', 'primary')}
${actionButton(path, { action: 'assistant' }, assistantLabel(lms))}
${actionButton(path, { action: 'shrink' }, 'Remove 40 %', 'danger')}
${course.empty ? actionButton(path, { action: 'fill' }, 'Stop answering empty') : actionButton(path, { action: 'empty' }, 'Answer an empty roster', 'danger')}
${actionButton(path, { action: 'reset' }, 'Restore everything')}
</div>
<p class="gap small">See it from inside: <a href="${coursePath(lms.family, course.id, course.cast.instructor)}">open the course as instructor</a>.</p>
</div>
${failuresCard(lms, course, path)}
${peopleCard(lms, course, path, search)}
</main>`;
  return layout({ title, body });
}

/** One sentence: what a sync will find now, and what the tool should make of it. */
function nextSync(lms: SandboxLms, course: SandboxCourse): string {
  const faults = faultsFor(lms.faults, course.id);
  const count = [...course.enrolments.values()].filter(isListed).length;
  const failing = faults.status ?? (faults.unauthorized > 0 ? { code: 401, times: faults.unauthorized } : null);
  if (failing) {
    return `The next ${failing.times} roster calls answer ${failing.code}: a sync retries or fails, and changes nothing.`;
  }
  if (faults.throttle) return `The next ${faults.throttle.times} roster calls are throttled: a sync slows down.`;
  const linked = faults.pageLoop || faults.foreignNext || faults.endless;
  if (linked || faults.cutPage !== null || faults.badJson || faults.spoilt !== null)
    return 'The roster cannot be read to its end: a sync fails, and changes nothing.';
  if (course.empty || faults.emptyRoster)
    return 'The next sync finds nobody: it should be held until a person decides.';
  const shown = Math.ceil(count * (1 - faults.shrunk));
  const people = `${shown.toLocaleString('en')} ${shown === 1 ? 'person' : 'people'}`;
  return `The next sync finds ${people}. Members who are not among them lose access; a big loss is held until a person decides.`;
}

function figures(course: SandboxCourse): Html[] {
  const enrolments = [...course.enrolments.values()];
  const listed = enrolments.filter(isListed);
  const counts = new Map<string, number>([['on the roster', listed.length]]);
  for (const { roles } of listed) counts.set(roles.join(' + '), (counts.get(roles.join(' + ')) ?? 0) + 1);
  for (const { state } of enrolments)
    if (state !== 'active') counts.set(`${state}, not listed`, (counts.get(`${state}, not listed`) ?? 0) + 1);
  return [...counts].map(([name, count]) => html`<li><b>${count.toLocaleString('en')}</b>${name}</li>`);
}

function assistantLabel(lms: SandboxLms): string {
  return lms.family === 'canvas' ? 'Make a student a teaching assistant' : 'Make a student a teacher';
}

function failuresCard(lms: SandboxLms, course: SandboxCourse, path: string): Html {
  const fields = FAILURES.filter((failure) => !failure.only || failure.only === lms.family).map((failure) => {
    const current = failure.read(lms, course.id);
    const options = failure.choices.map(
      ([value, label]) =>
        html`<option value="${value}"${value === current ? raw(' selected') : null}>${label}</option>`,
    );
    return html`<label>${failure.label}<select name="${failure.name}">${options}</select><span class="hint">${failure.hint}</span></label>`;
  });
  return html`<section class="card"><h2>Failures</h2>
<p class="muted">What goes wrong between the platform and the tool. They stay until you switch them off or restore everything.</p>
<form method="post" action="${path}"><input type="hidden" name="action" value="failures">
<div class="fields">${fields}</div><p class="gap"><button class="button primary">Save failures</button></p></form></section>`;
}

function peopleCard(lms: SandboxLms, course: SandboxCourse, path: string, search: string): Html {
  const wanted = search.toLocaleLowerCase();
  const found = [...course.enrolments.values()].filter((enrolment) =>
    fullName(enrolment.person).toLocaleLowerCase().includes(wanted),
  );
  return html`<section class="card"><h2>People</h2>
<form class="row gap" method="get" action="/${lms.family}/sandbox/roster"><input type="hidden" name="course" value="${course.id}">
<label for="q">Find by name</label><input id="q" type="search" name="q" value="${search}" style="max-width:280px"><button>Find</button></form>
<div class="scroll gap" tabindex="0" role="group" aria-label="People"><table><thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">State</th><th scope="col">Leave</th></tr></thead>
<tbody>${found.slice(0, SHOWN).map((enrolment) => personRow(lms, enrolment, path))}</tbody></table></div>
${found.length > SHOWN ? html`<p class="muted gap">and ${(found.length - SHOWN).toLocaleString('en')} more; find them by name.</p>` : null}
${found.length === 0 ? html`<p class="muted gap">Nobody has such a name.</p>` : null}</section>`;
}

function personRow(lms: SandboxLms, { person, roles, state }: Enrolment, path: string): Html {
  const name = fullName(person);
  const choose = (
    field: string,
    values: readonly string[],
    current: string,
  ) => html`<form class="inline" method="post" action="${path}">
<input type="hidden" name="action" value="${field}"><input type="hidden" name="person" value="${person.id}">
<select name="value" aria-label="${field} of ${name}">${values.map((value) => html`<option${value === current ? raw(' selected') : null}>${value}</option>`)}</select><button>Set</button></form>`;
  const roleNames: readonly CourseRole[] = rolesOf(lms.family);
  const current = roles.length === 1 ? (roles[0] as string) : roles.join(' + ');
  const choices = roles.length === 1 ? roleNames : [current, ...roleNames];
  return html`<tr><td class="name"><bdi>${name}</bdi></td><td>${choose('role', choices, current)}</td>
<td>${choose('state', statesOf(lms.family), state)}</td>
<td>${actionButton(path, { action: 'remove', person: person.id }, 'Remove', 'danger')}</td></tr>`;
}
