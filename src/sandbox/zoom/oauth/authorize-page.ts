import { type Html, html, raw } from '../../html.ts';
import { layout } from '../../pages/layout.ts';
import type { AppScope } from '../scopes.ts';
import type { ZoomUser } from '../users.ts';
import type { AuthorizationRequest, RequestRefusal } from './authorization-request.ts';

/** Who signs in, what the app wants, allow or decline. The form posts to the address of the page, whose query `search` is. */
export function consentPage(
  request: AuthorizationRequest,
  { users, search }: { users: ZoomUser[]; search: string },
): Html {
  const { required, optional } = request;
  // A query is free of quotes and angle brackets, as URLs escape them.
  const action = raw(search.replaceAll('&', '&amp;'));
  const body = html`<main class="page narrow">
<p class="muted">Make-believe Zoom</p>
<h1>Allow this app to use your Zoom account?</h1>
<form class="card" method="post" action="${action}">
<p><label for="user">Sign in as</label><br>
<select id="user" name="user" required>${users.map(person)}</select></p>
<h2>It will be able to</h2>
<ul>${required.map(({ says, scope }) => html`<li>${says} <span class="code muted">${scope}</span></li>`)}</ul>
${optional.length === 0 ? null : html`<fieldset><legend>If you like, also</legend>${optional.map(box)}</fieldset>`}
<label class="check"><input type="checkbox" name="shared_access" value="on"> Allow this app to use my shared access permissions</label>
<p class="row"><button class="button primary" name="decision" value="allow">Allow</button>
<button class="button" name="decision" value="decline" formnovalidate>Decline</button></p>
</form>
</main>`;
  return layout({ title: 'Allow an app - Zoom', body });
}

/** The name of the checkbox of a scope. */
export function boxName(scope: string): string {
  return `optional:${scope}`;
}

/** Where one ends when an administrator must say yes first: nothing leads back. */
export function preApprovalPage(): Html {
  return message(
    'This app is not approved by your administrator',
    'Your account requires apps to be approved before they can be added. You can send a request to your administrator.',
  );
}

export function refusalPage({ number, says }: RequestRefusal): Html {
  return message(`${says} (${number})`, 'The app cannot be added. Contact its developer.');
}

function message(title: string, text: string): Html {
  const body = html`<main class="page narrow"><p class="muted">Make-believe Zoom</p><h1>${title}</h1><p>${text}</p></main>`;
  return layout({ title: 'Zoom', body });
}

function person({ key, firstName, lastName, email, type }: ZoomUser): Html {
  return html`<option value="${key}">${firstName} ${lastName} (${email}, ${type === 1 ? 'Basic' : 'Licensed'})</option>`;
}

function box({ scope, says }: AppScope): Html {
  return html`<label class="check"><input type="checkbox" name="${boxName(scope)}" value="on" checked><span>${says} <span class="code muted">${scope}</span></span></label>`;
}
