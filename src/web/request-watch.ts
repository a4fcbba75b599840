import type { Request, Response } from 'express';

/** Told of requests as they end, and of event streams as they open: what counts them need not know the web server. */
export type RequestWatch = {
  requestEnded(request: EndedRequest): void;
  /** What it returns is called once, when the stream has closed. */
  streamOpened(): () => void;
};

export type EndedRequest = {
  method: string;
  /** As the route was declared (`/channels/:id`), never the path of the request. */
  route: string;
  /** Null: the reader left before there was an answer. */
  status: number | null;
  /** Null for an event stream: how long somebody looks on says nothing of how quick an answer was. */
  ms: number | null;
};

/** No path that a client can think up may become a name of its own: all that no route answers are one. */
const NO_ROUTE = 'none';

/** The route that took the request last, below the place where its router is mounted. */
export function routeOf(req: Request): string {
  const declared: unknown = req.route?.path;
  if (declared === undefined) return req.baseUrl === '' ? NO_ROUTE : `${req.baseUrl}/*`;
  return `${req.baseUrl}${templateOf(declared, req.path)}`;
}

// One handler for several paths: which of them it was can be told where they are plain.
function templateOf(declared: unknown, path: string): string {
  if (!Array.isArray(declared)) return String(declared);
  return declared.includes(path) ? path : declared.join(' ');
}

export function isEventStream(res: Response): boolean {
  return /^text\/event-stream\b/.test(String(res.getHeader('content-type') ?? ''));
}
