import { type Html, html, raw } from '../html.ts';
import { STYLES } from './styles.ts';

export type PageOptions = {
  title: string;
  body: Html;
  /** A class of the body, which gives a page the look of its LMS. */
  look?: 'sandbox' | 'canvas' | 'moodle';
  script?: Html;
};

/** A whole page of the sandbox. Nothing is loaded from elsewhere. */
export function layout({ title, body, look = 'sandbox', script }: PageOptions): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLES)}</style>
</head>
<body class="${look}">
${body}
${script ? html`<script>${script}</script>` : null}
</body>
</html>`;
}

/** The bar over the sandbox's own pages. */
export function topBar(): Html {
  return html`<header class="top"><a class="brand" href="/">Sandbox</a>
<span class="muted">Two make-believe learning platforms and a Zoom for trying the tool. Nothing here is real.</span></header>`;
}

/** A button that posts one action. */
export function actionButton(
  action: string,
  fields: Record<string, string>,
  label: string | Html,
  kind: 'plain' | 'primary' | 'danger' = 'plain',
): Html {
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form class="inline" method="post" action="${action}">${inputs}<button class="button ${kind}">${label}</button></form>`;
}
