import type { Response } from 'express';

/** What an endpoint answers, before it is put on the wire. */
export type HttpAnswer = {
  status: number;
  /** The content type, with its charset. */
  type: string;
  body: string;
  headers?: Record<string, string>;
  /** The reason phrase, where an LMS puts a text of its own there. */
  reason?: string;
};

export function jsonAnswer(status: number, body: unknown, type = 'application/json; charset=utf-8'): HttpAnswer {
  return { status, type, body: JSON.stringify(body) };
}

export function textAnswer(status: number, body: string): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

export function send(res: Response, answer: HttpAnswer): void {
  if (answer.reason) res.statusMessage = answer.reason;
  res.status(answer.status).set(answer.headers ?? {});
  // Not res.type(): it would add a charset of its own.
  res.setHeader('Content-Type', answer.type);
  res.end(answer.body);
}
