/** One request that reached the LMS. */
export type RequestRecord = {
  method: string;
  /** With its query, but without registration tokens. */
  path: string;
  headers: { accept?: string; userAgent?: string; authorization: boolean; origin?: string };
  at: number;
};

/** What a tool asked of the LMS, for tests that count. */
export type SandboxRequests = {
  /** Authorization requests. */
  authorizations: number;
  tokens: number;
  jwks: number;
  rosterPages: number;
  configurations: number;
  registrations: number;
  /** Requests that followed a next link to the other origin, and how many of them brought a token. */
  foreign: number;
  foreignWithToken: number;
  /** Roster calls that run at this moment, and the most there were at once. */
  rosterRunning: number;
  rosterMostAtOnce: number;
  /** The newest 500. */
  log: RequestRecord[];
  reset(): void;
};

export function createRequests(): SandboxRequests {
  const requests: SandboxRequests = {
    ...zero(),
    reset() {
      Object.assign(requests, zero(), { rosterRunning: requests.rosterRunning });
    },
  };
  return requests;
}

/** Adds a request to the log. */
export function recordRequest(requests: SandboxRequests, record: RequestRecord): void {
  requests.log.push(record);
  if (requests.log.length > 500) requests.log.shift();
}

function zero() {
  return {
    authorizations: 0,
    tokens: 0,
    jwks: 0,
    rosterPages: 0,
    configurations: 0,
    registrations: 0,
    foreign: 0,
    foreignWithToken: 0,
    rosterRunning: 0,
    rosterMostAtOnce: 0,
    log: [] as RequestRecord[],
  };
}
