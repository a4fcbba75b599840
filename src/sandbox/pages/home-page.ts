import { isListed, type SandboxCourse } from '../course.ts';
import { type Html, html } from '../html.ts';
import type { SandboxLms } from '../lms.ts';
import { layout, topBar } from './layout.ts';
import { coursePath, registrationPath, rosterPath } from './paths.ts';

/** The first page: two LMSs, two courses each, three people to be; and a Zoom. */
export function homePage(lmses: SandboxLms[], toolOrigin: string): Html {
  const body = html`${topBar()}
<main class="page">
<h1>Try the tool inside a course</h1>
<p class="intro">Each button opens a course the way a learning platform would, with the tool in a frame, as the person you choose.
The tool itself runs at <a href="${toolOrigin}">${toolOrigin}</a>.</p>
<div class="cards">${lmses.map(lmsCard)}</div>
${zoomCard()}
</main>`;
  return layout({ title: 'Sandbox', body });
}

function zoomCard(): Html {
  return html`<section class="card" aria-labelledby="zoom"><h2 id="zoom">Make-believe Zoom</h2>
<p>Open a course as its instructor, choose to connect a Zoom account, and sign in as Ada: she has meetings and recordings of
eight months. Carl has a free account without recordings, and Dora’s have no transcripts.</p>
<p><a class="button" href="/zoom/sandbox">People, meetings, recordings and failures</a></p></section>`;
}

function lmsCard(lms: SandboxLms): Html {
  const canvas = lms.family === 'canvas';
  return html`<section class="card tone-${lms.family}" aria-labelledby="${lms.family}">
<h2 id="${lms.family}">${canvas ? 'Canvas-like' : 'Moodle-like'}</h2>
<p class="muted">${
    canvas
      ? 'Gives the roster in pages of 50. The tool stands in the course menu.'
      : 'Gives the whole roster at once. The tool is an activity in the course.'
  }</p>
${lms.courses.map((course) => courseEntry(lms, course))}
${outsideCourses(lms)}
<p class="course small"><a href="${registrationPath(lms.family)}">Register a tool</a> as an administrator would.</p>
</section>`;
}

function courseEntry(lms: SandboxLms, course: SandboxCourse): Html {
  const { instructor, assistant, student } = course.cast;
  const people = [
    [instructor, 'Instructor', 'primary'],
    [assistant, lms.family === 'canvas' ? 'Teaching assistant' : 'Non-editing teacher', 'plain'],
    [student, 'Student', 'plain'],
  ] as const;
  const links = people.map(([personId, label, kind]) => {
    const name = `Open ${course.title} as ${label}`;
    return html`<a class="button ${kind}" href="${coursePath(lms.family, course.id, personId)}" aria-label="${name}">${label}</a>`;
  });
  return html`<div class="course"><h3>${course.title}</h3>
<p class="small muted">${course.label} · ${peopleCount(course)} · <a href="${rosterPath(lms.family, course.id)}">Change the roster</a></p>
<p class="open">Open as</p><div class="row">${links}</div></div>`;
}

/** A launch without a course: from an account's or the site's own menu. */
function outsideCourses(lms: SandboxLms): Html | null {
  const [course] = lms.courses;
  if (!course) return null;
  const { instructor, student } = course.cast;
  const link = (personId: string, label: string) =>
    html`<a href="${coursePath(lms.family, course.id, personId)}&amp;variant=outside">${label}</a>`;
  return html`<p class="course small">Outside any course: open as ${link(instructor, 'instructor')} or ${link(student, 'student')}.</p>`;
}

/** Does not fill a course that nobody has opened yet. */
function peopleCount(course: SandboxCourse): string {
  const count = course.version === 0 ? course.size : [...course.enrolments.values()].filter(isListed).length;
  return `${count.toLocaleString('en')} people`;
}
