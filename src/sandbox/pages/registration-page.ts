import { type Html, html, raw } from '../html.ts';
import type { SandboxLms } from '../lms.ts';
import type { SandboxRegistration } from '../registrations.ts';
import { actionButton, layout, topBar } from './layout.ts';
import { registrationPath } from './paths.ts';

/** The administrator's list of tools, with the field that starts a dynamic registration. */
export function registrationPage(lms: SandboxLms, suggestedUrl: string, problem: string | null): Html {
  const path = registrationPath(lms.family);
  const body = html`${topBar()}
<main class="page">
<p class="crumbs"><a href="/">Sandbox</a> › ${platformName(lms)} › Tools</p>
<h1>Register a tool</h1>
<div class="card"><p>Paste the tool's registration address, with its invitation if it gave one. The platform opens it in a frame, as it would for an administrator.</p>
${problem ? html`<p class="note" role="alert">${problem}</p>` : null}
<form method="post" action="${path}"><input type="hidden" name="action" value="start">
<label for="url">Registration address</label>
<div class="row gap"><input id="url" type="url" name="url" required value="${suggestedUrl}" style="flex:1 1 320px"><button class="button primary">Start registration</button></div></form></div>
<section class="card"><h2>Tools</h2><div class="scroll" tabindex="0" role="group" aria-label="Tools"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Client ID</th><th scope="col">Deployments</th><th scope="col">State</th><th scope="col">Change</th></tr></thead>
<tbody>${lms.registrations.list().map((each) => toolRow(lms, each, path))}</tbody></table></div></section>
<section class="card"><h2>For registering by hand</h2>${manualValues(lms)}</section>
</main>`;
  return layout({ title: `Tools of ${platformName(lms)}`, body });
}

/** The frame in which the tool registers itself; closes when the tool says that it is done. */
export function registrationFramePage(lms: SandboxLms, address: string): Html {
  const path = registrationPath(lms.family);
  const body = html`${topBar()}
<main class="page"><p class="crumbs"><a href="${path}">Tools</a> › Registration</p>
<h1>Registering…</h1><p class="muted">The frame below is the tool's own page. It closes when the tool has finished.</p>
<div class="card"><iframe id="registration" title="The tool's registration page" src="${address}" style="height:640px"></iframe></div></main>`;
  // The origin is not looked at: the message holds nothing, and Moodle does not look at it either.
  const script = raw(`addEventListener('message', function (event) {
  var data = event.data;
  if (typeof data === 'string') { try { data = JSON.parse(data); } catch (error) { return; } }
  if (data && data.subject === 'org.imsglobal.lti.close') location.href = ${JSON.stringify(path)};
});`);
  return layout({ title: 'Registering a tool', body, script });
}

function toolRow(lms: SandboxLms, registration: SandboxRegistration, path: string): Html {
  const premade = registration.clientId === lms.registration.clientId;
  const pending = registration.state === 'pending';
  const activate = { action: 'activate', client: registration.clientId };
  const label = lms.family === 'canvas' ? 'Enable' : 'Activate';
  return html`<tr><td>${registration.name}${premade ? html` <span class="muted small">made with the sandbox</span>` : null}</td>
<td class="code">${registration.clientId}</td>
<td class="code">${registration.deploymentIds.length > 0 ? registration.deploymentIds.join(', ') : 'none yet'}</td>
<td><span class="badge ${pending ? 'warn' : 'good'}">${pending ? 'Pending' : 'Active'}</span></td>
<td><div class="row">${pending ? actionButton(path, activate, label, 'primary') : null}
${premade ? null : actionButton(path, { action: 'remove', client: registration.clientId }, 'Remove', 'danger')}</div></td></tr>`;
}

function manualValues(lms: SandboxLms): Html {
  const { issuer, authUrl, tokenUrl, jwksUrl } = lms.registration;
  const rows = [
    ['Issuer', issuer],
    ['Authorization address', authUrl],
    ['Token address', tokenUrl],
    ['Key set', jwksUrl],
  ] as const;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Addresses"><table><tbody>${rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td class="code">${value}</td></tr>`,
  )}</tbody></table></div>`;
}

function platformName(lms: SandboxLms): string {
  return lms.family === 'canvas' ? 'Canvas-like' : 'Moodle-like';
}
