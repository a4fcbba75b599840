import { type Html, html, raw } from '../../html.ts';
import { actionButton, layout, topBar } from '../../pages/layout.ts';
import type { ZoomMeeting } from '../meetings.ts';
import type { ZoomUser } from '../users.ts';
import type { SandboxZoom } from '../zoom.ts';
import { chosen, SWITCHES } from './switches.ts';

export const ZOOM_PAGE = '/zoom/sandbox';

const SHOWN = 40;

/** Who is in the sandbox's Zoom, what they have there, and what goes wrong. */
export function zoomPage(zoom: SandboxZoom): Html {
  const body = html`${topBar()}
<main class="page">
<p class="crumbs"><a href="/">Sandbox</a> › Make-believe Zoom</p>
<h1>Make-believe Zoom</h1>
<div class="card"><p>It is ${time(zoom.clock.now())} here.</p><div class="row">
${actionButton(ZOOM_PAGE, { action: 'record' }, 'Ada records a lecture', 'primary')}
${actionButton(ZOOM_PAGE, { action: 'hour' }, 'An hour later')}
${actionButton(ZOOM_PAGE, { action: 'month' }, '30 days later')}
${actionButton(ZOOM_PAGE, { action: 'reset' }, 'Restore everything', 'danger')}</div></div>
${failures(zoom)}
${table(
  'People',
  ['Name', 'Licence', 'Personal room', 'The tool'],
  zoom.users.map((user) => personRow(zoom, user)),
)}
${table(
  'Meetings',
  ['Topic', 'Number', 'Host', 'Next'],
  zoom.meetings.list().map((one) => meetingRow(zoom, one)),
)}
${recordings(zoom)}
</main>`;
  return layout({ title: 'Make-believe Zoom', body });
}

/** Where join links lead: there is nothing to join. */
export function joinPage(meeting: ZoomMeeting | undefined): Html {
  const title = meeting ? meeting.topic : 'There is no such meeting';
  const body = html`${topBar()}<main class="narrow"><h1>${title}</h1>
<p>${meeting ? 'Here Zoom would open the meeting.' : 'The number is unknown here.'}</p>
<p><a href="${ZOOM_PAGE}">Make-believe Zoom</a></p></main>`;
  return layout({ title, body });
}

function failures({ faults }: SandboxZoom): Html {
  const fields = SWITCHES.map((one) => {
    const current = chosen(one, faults);
    const options = one.choices.map(
      ([value, label]) =>
        html`<option value="${value}"${value === current ? raw(' selected') : null}>${label}</option>`,
    );
    return html`<label>${one.label}<select name="${one.name}">${options}</select><span class="hint">${one.hint}</span></label>`;
  });
  return html`<section class="card"><h2>Failures</h2>
<p class="muted">What goes wrong between Zoom and the tool. They stay until you switch them off or restore everything.</p>
<form method="post" action="${ZOOM_PAGE}"><input type="hidden" name="action" value="failures">
<div class="fields">${fields}</div><p class="gap"><button class="button primary">Save failures</button></p></form></section>`;
}

function personRow(zoom: SandboxZoom, { key, firstName, lastName, email, type, pmi, status }: ZoomUser): Html {
  const remove = actionButton(ZOOM_PAGE, { action: 'revoke', user: key }, 'Remove the app', 'danger');
  return html`<tr><td class="name">${firstName} ${lastName}<br><span class="small muted">${email}</span></td>
<td>${status === 'active' ? (type === 1 ? 'Basic' : 'Licensed') : status}</td><td>${pmi}</td>
<td>${zoom.oauth.grant(key) ? remove : html`<span class="muted">not connected</span>`}</td></tr>`;
}

function meetingRow(zoom: SandboxZoom, meeting: ZoomMeeting): Html {
  const now = zoom.clock.now();
  const times = [...meeting.occurrences.map(({ startsAt }) => startsAt), meeting.startsAt ?? 0];
  const next = times.filter((at) => at > now).sort((a, b) => a - b)[0];
  const when = meeting.expired ? 'expired' : next === undefined ? '' : time(next);
  return html`<tr><td class="name">${meeting.topic}</td><td class="code">${meeting.number}</td>
<td>${zoom.user(meeting.host).firstName}</td><td>${when}</td></tr>`;
}

function recordings(zoom: SandboxZoom): Html {
  const all = zoom.recordings.list();
  const rows = all.slice(0, SHOWN).map(({ uuid, topic, number, host, startedAt, trashedAt, files }) => {
    const late = !files.some(({ kind }) => kind === 'transcript');
    const button = actionButton(ZOOM_PAGE, { action: 'transcript', uuid }, 'Add transcript');
    return html`<tr><td class="name">${topic}<br><span class="small muted">${number} · ${zoom.user(host).firstName}</span></td>
<td>${time(startedAt)}</td><td>${trashedAt === null ? `${files.length} files` : 'in the trash'}</td>
<td>${late && trashedAt === null && files.length > 0 ? button : null}</td></tr>`;
  });
  const title = `Recordings (the newest ${Math.min(SHOWN, all.length)} of ${all.length})`;
  return table(title, ['Topic', 'Began', 'Files', 'Transcript'], rows);
}

function table(title: string, heads: string[], rows: Html[]): Html {
  return html`<section class="card"><h2>${title}</h2>
<div class="scroll" tabindex="0" role="group" aria-label="${title}"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
