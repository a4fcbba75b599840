import type { Response } from 'express';
import { type Html, html } from '../html.ts';
import type { LmsAnswer } from '../lms.ts';
import { layout } from './layout.ts';

/** Sends the LMS's answer to an authorization request. */
export function sendAnswer(res: Response, answer: LmsAnswer): void {
  if (answer.kind === 'post') {
    res.status(200).set('Cache-Control', 'no-store').type('html').send(autoPost(answer.action, answer.fields).markup);
    return;
  }
  showMessage(res, answer.status, answer.message, answer.title);
}

/** A page with one sentence. */
export function showMessage(res: Response, status: number, message: string, title = 'Sorry'): void {
  const body = html`<main class="narrow"><h1>${title}</h1><p role="alert">${message}</p></main>`;
  res.status(status).type('html').send(layout({ title, body }).markup);
}

/** A form that sends itself; without script it shows a button. */
export function autoPost(action: string, fields: Record<string, string>, method: 'post' | 'get' = 'post'): Html {
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Opening…</title></head>
<body><form id="launch" action="${action}" method="${method}">${inputs}<noscript><button>Continue</button></noscript></form>
<script>document.getElementById('launch').submit()</script></body></html>`;
}
