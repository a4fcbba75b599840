import { type Enrolment, isListed, mayEnter, type SandboxCourse } from '../course.ts';
import { type Html, html, raw, scriptValue } from '../html.ts';
import type { SandboxLms } from '../lms.ts';
import { fullName } from '../people.ts';
import type { SandboxRegistration } from '../registrations.ts';
import { frameScript } from './frame-script.ts';
import { layout } from './layout.ts';
import { coursePath, launchPath, rosterPath } from './paths.ts';
import { type LaunchVariant, variantsOf } from './variants.ts';

export type CourseView = {
  lms: SandboxLms;
  course: SandboxCourse;
  personId: string;
  /** The tool that stands in the frame. */
  registration: SandboxRegistration;
  variant: LaunchVariant;
};

/** A course as its LMS shows it, with the tool in a frame. */
export function coursePage(view: CourseView): Html {
  const { lms, course } = view;
  return layout({
    title: `${course.label}: ${view.registration.name}`,
    look: lms.family,
    body: lms.family === 'canvas' ? canvasBody(view) : moodleBody(view),
    script: html`${raw(frameScript)}(${scriptValue({ family: lms.family, silent: lms.faults.storageSilent })})`,
  });
}

function canvasBody(view: CourseView): Html {
  const { course, registration } = view;
  const rail = ['Account', 'Dashboard', 'Courses', 'Calendar', 'Inbox', 'Help'];
  const menu = ['Home', 'Announcements', 'Modules', 'People', 'Grades'];
  return html`${whoBar(view)}
<div class="shell">
<nav class="rail" aria-label="Global"><ul><li><a class="logo" href="/" aria-label="SU, sandbox home">SU</a></li>
${rail.map((name) => html`<li${name === 'Courses' ? raw(' aria-current="true"') : null}>${name}</li>`)}</ul></nav>
<nav class="menu" aria-label="Course"><ul>${menu.map((name) => html`<li>${name}</li>`)}
<li aria-current="page">${registration.name}</li></ul></nav>
<main class="stage"><p class="crumbs muted">${course.label} › ${registration.name}</p>
<h1>${course.title}</h1>
${toolFrame(view, 'tool_content', CANVAS_ALLOW)}
<iframe class="hidden-frame" name="post_message_forwarding" title="Message forwarding" src="/canvas/post_message_forwarding" tabindex="-1" aria-hidden="true"></iframe>
</main></div>`;
}

function moodleBody(view: CourseView): Html {
  const { course, registration } = view;
  const tabs = ['Course', 'Settings', 'Participants', 'Grades', 'Activities', 'More'];
  const origin = new URL(registration.tool.loginUrl).origin;
  const allow = MOODLE_FEATURES.map((feature) => `${feature} ${origin}`).join('; ');
  return html`${whoBar(view)}
<header class="bar"><a class="logo" href="/" style="text-decoration:none">moodly</a><span>Home</span><span>Dashboard</span><span>My courses</span></header>
<main class="stage"><p class="crumbs muted">${course.label} / ${registration.name}</p>
<h1>${course.title}</h1>
<ul class="tabs">${tabs.map((name) => html`<li${name === 'Course' ? raw(' aria-current="true"') : null}>${name}</li>`)}</ul>
<h2>${registration.name}</h2>
${toolFrame(view, 'contentframe', allow)}
</main>`;
}

const CANVAS_ALLOW =
  'geolocation *; microphone *; camera *; midi *; encrypted-media *; autoplay *; clipboard-write *; display-capture *';
const MOODLE_FEATURES = ['microphone', 'camera', 'geolocation', 'midi', 'encrypted-media', 'autoplay'];

function toolFrame(view: CourseView, id: string, allow: string): Html {
  const { lms, course, personId, registration, variant } = view;
  const src = launchPath(lms.family, {
    course: course.id,
    as: personId,
    tool: registration.clientId,
    variant: variant.value,
  });
  return html`<iframe id="${id}" name="${id}" class="tool" title="${registration.name}" src="${src}" allow="${allow}" allowfullscreen></iframe>`;
}

/** The sandbox's own bar: whom to be, and the way to the roster. */
function whoBar({ lms, course, personId, registration, variant }: CourseView): Html {
  const hidden = html`<input type="hidden" name="tool" value="${registration.clientId}">`;
  const idField = lms.family === 'moodle' ? html`<input type="hidden" name="id" value="${course.id}">` : null;
  const action = lms.family === 'canvas' ? `/canvas/courses/${course.id}` : '/moodle/course/view.php';
  const options = peopleToBe(lms, course).map(
    ({ id, label }) => html`<option value="${id}"${id === personId ? raw(' selected') : null}>${label}</option>`,
  );
  const ways = variantsOf(lms.family).map(
    ({ value, label }) =>
      html`<option value="${value}"${value === variant.value ? raw(' selected') : null}>${label}</option>`,
  );
  return html`<aside class="who" aria-label="Sandbox"><form class="inline" method="get" action="${action}" id="who">${idField}${hidden}
<label for="as">You are</label><select id="as" name="as">${options}</select>
<label for="variant">opening it</label><select id="variant" name="variant">${ways}</select><button>Open</button></form>
${otherTools(lms, course, personId, registration)}
<span class="end row"><a href="${rosterPath(lms.family, course.id)}">Change the roster</a> <a href="/">Sandbox</a></span></aside>`;
}

/** The parts of the course, then its first students. */
function peopleToBe(lms: SandboxLms, course: SandboxCourse): { id: string; label: string }[] {
  const cast = new Set<string>(Object.values(course.cast));
  const enrolled = [...course.enrolments.values()];
  const parts = enrolled.filter((enrolment) => cast.has(enrolment.person.id) && mayEnter(enrolment));
  const students = enrolled.filter((enrolment) => !cast.has(enrolment.person.id) && isListed(enrolment)).slice(0, 25);
  const admin = lms.findPerson(course.cast.admin);
  return [
    ...[...parts, ...students].map((enrolment) => ({ id: enrolment.person.id, label: describe(enrolment) })),
    ...(admin ? [{ id: admin.id, label: `${fullName(admin)} – site administrator, not enrolled` }] : []),
  ];
}

function describe({ person, roles, state }: Enrolment): string {
  const name = fullName(person);
  const short = name.length > 40 ? `${name.slice(0, 39)}…` : name;
  return `${short} – ${roles.join(' and ')}${state === 'active' ? '' : `, ${state}`}`;
}

function otherTools(lms: SandboxLms, course: SandboxCourse, personId: string, shown: SandboxRegistration): Html | null {
  const others = lms.registrations.list().filter((each) => each.state === 'active' && each.clientId !== shown.clientId);
  if (others.length === 0) return null;
  const links = others.map(
    (each) =>
      html` <a href="${coursePath(lms.family, course.id, personId)}&amp;tool=${each.clientId}">${each.name} (${each.clientId})</a>`,
  );
  return html`<span>Other registrations:${links}</span>`;
}
