import type { Response } from 'express';

/** Sends JSON as Zoom's API does. */
export function answer(res: Response, status: number, body: unknown): void {
  res.status(status).setHeader('Content-Type', 'application/json;charset=UTF-8');
  res.end(JSON.stringify(body));
}

/** Refuses as Zoom's API does: a number of its own and a sentence, and sometimes the fields that are wrong. */
export function refuse(
  res: Response,
  status: number,
  code: number,
  message: string,
  errors?: { field: string; message: string }[],
): void {
  answer(res, status, { code, message, ...(errors ? { errors } : {}) });
}

export function meetingGone(res: Response, id: string): void {
  refuse(res, 404, 3001, `Meeting does not exist: ${id}.`);
}

/** A page where JSON was due. */
export function answerHtml(res: Response, status: number, title: string): void {
  res.status(status).setHeader('Content-Type', 'text/html;charset=UTF-8');
  res.end(`<html><head><title>${title}</title></head><body><h1>${title}</h1><hr>nginx</body></html>`);
}

/** Begins an answer and breaks the connection in the middle of it. */
export function cut(res: Response): void {
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '4096' });
  res.write('{"page_size":30,"meetings":[{"uuid":', () => res.destroy());
}

/** `2026-10-04T12:00:00Z`, as Zoom writes times. */
export function zoomTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
