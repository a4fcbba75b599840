import { type Html, html } from '../html.ts';
import type { DeepLink } from '../lms.ts';
import { layout } from './layout.ts';

/** What deep linking brought back, shown where the LMS would insert it. */
export function deepLinkPage(link: DeepLink): Html {
  const items = link.items.map((item) => html`<li class="code">${JSON.stringify(item)}</li>`);
  const body = html`<main class="narrow"><h1>${link.problem ? 'Refused' : 'Content received'}</h1>
${link.problem ? html`<p class="note" role="alert">${link.problem}</p>` : html`<ul>${items}</ul>`}</main>`;
  return layout({ title: 'Deep linking', body });
}
