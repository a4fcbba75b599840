/** How the token endpoint or the API spoils an answer, and how often; without `times`, until it is switched off. */
export type Spoilt<Kind extends string> = {
  kind: Kind;
  times?: number;
  /** Only requests whose path (with query) has this in it. */
  on?: string;
};

/** `stall`: nothing ever comes. `cut`: the connection breaks in the middle of the body. `html`: 502 with a page. */
export type TokenFault = 'throttled' | 'unavailable' | 'html' | 'stall' | 'cut' | 'invalid-client';

/**
 * `expired-token`, `invalid-token`: 401 code 124. `admin-200`: HTTP 200 whose body has code 200. `plan`: 400 code 200.
 * `qps`: 429 without Retry-After. `daily`: 429 whose Retry-After is an ISO time. `rate-4001`: 429 as code 4001.
 * `not-json`: 200 with something else. The rest is named after what Zoom says.
 */
export type ApiFault =
  | 'expired-token'
  | 'invalid-token'
  | 'classic-scopes'
  | 'user-gone'
  | 'user-inactive'
  | 'other-account'
  | 'meeting-gone'
  | 'not-allowed'
  | 'shared-access'
  | 'plan'
  | 'admin-200'
  | 'validation'
  | 'qps'
  | 'daily'
  | 'rate-4001'
  | 'concurrent'
  | 'html-500'
  | 'html-502'
  | 'unavailable'
  | 'not-json'
  | 'empty'
  | 'stall'
  | 'cut';

/**
 * `foreign-redirect`, `private-redirect`, `metadata-redirect`: to a server that is none of Zoom's, to a private address, to the
 * one where clouds keep credentials. `truncated`: a part, whose length is told; `length-wrong`: the header tells more than
 * comes. `size-wrong`: lists tell another size than the file has. `expired`: the address at the second host is too old.
 * `endless`: bytes without end.
 */
export const DOWNLOAD_FAULTS = [
  'unauthorized',
  'html-200',
  'json-200',
  'truncated',
  'length-wrong',
  'size-wrong',
  'expired',
  'not-found',
  'unavailable',
  'empty',
  'endless',
  'stall',
  'slow',
  'foreign-redirect',
  'private-redirect',
  'metadata-redirect',
  'redirect-loop',
] as const;

export type DownloadFault = (typeof DOWNLOAD_FAULTS)[number];

export type OAuthFaults = {
  /** The administrator must approve the app first: a page of Zoom's, and nothing ever comes back. */
  preApproval: boolean;
  /** The authorize page says "(4,700)" and does not redirect. */
  appInactive: boolean;
  /** `lenient`: the refresh token before the present one is still taken, and access tokens live out their time. */
  rotation: 'strict' | 'lenient';
  expiresInSeconds: number;
  /** Zoom withholds these from new grants, required or not. */
  withheldScopes: string[];
  /** New grants are told a base address of another region. */
  regionalApi: boolean;
  /** The app was disabled (4717), or its approval was withdrawn (4738). */
  appDisabled: boolean;
  adminDisabled: boolean;
  token: Spoilt<TokenFault> | null;
  /** Revoking answers 500 and changes nothing. */
  revokeDown: boolean;
  /** A published app is told by `app_deauthorized` when somebody removes it. */
  published: boolean;
};

export type ApiFaults = {
  api: Spoilt<ApiFault> | null;
  /** Milliseconds before each answer. */
  slowMs: number;
  /** Every token lacks these, whatever was granted: 400 code 4711. */
  missingScopes: string[];
  /** Calls left to the whole account today, or null: as many as one likes. */
  dailyLeft: number | null;
};

export type RecordingFaults = {
  /** Ranges of more than a month: clipped without a word, as reported, or served. */
  wideRanges: 'clipped' | 'served';
  download: Spoilt<DownloadFault> | null;
  /** Bytes a second of each download, or null: as fast as it goes. */
  bytesPerSecond: number | null;
  /** The second host refuses requests that bring an Authorization header. */
  cdnRefusesToken: boolean;
  /** The second host honours ranges. */
  ranges: boolean;
  /** Each listing gives a file another address, and those before are dead. */
  staleUrls: boolean;
};

export type WebhookFaults = {
  /** Nothing is ever sent. */
  silent: boolean;
  duplicated: boolean;
  /** A transcript's event comes before the recording's. */
  reordered: boolean;
  /** The unit of `x-zm-request-timestamp`. */
  timestamps: 'seconds' | 'milliseconds';
  signature: 'right' | 'wrong' | 'missing';
};

export type ZoomFaults = OAuthFaults &
  ApiFaults &
  RecordingFaults &
  WebhookFaults & {
    /** Everything works again. */
    reset(): void;
  };

export function createZoomFaults(): ZoomFaults {
  const faults: ZoomFaults = {
    ...calm(),
    reset() {
      Object.assign(faults, calm());
    },
  };
  return faults;
}

/** Uses up one spoilt answer of `name` for a request; null when none is due. */
export function takeSpoilt<Name extends 'token' | 'api' | 'download'>(
  faults: ZoomFaults,
  name: Name,
  path: string,
): NonNullable<ZoomFaults[Name]>['kind'] | null {
  const fault: Spoilt<string> | null = faults[name];
  if (!fault || (fault.on !== undefined && !path.includes(fault.on))) return null;
  const left = fault.times ?? Number.POSITIVE_INFINITY;
  if (left < 1) return null;
  if (left <= 1) faults[name] = null;
  else if (fault.times !== undefined) faults[name] = { ...fault, times: left - 1 } as ZoomFaults[Name];
  return fault.kind as NonNullable<ZoomFaults[Name]>['kind'];
}

function calm(): OAuthFaults & ApiFaults & RecordingFaults & WebhookFaults {
  return {
    preApproval: false,
    appInactive: false,
    rotation: 'strict',
    expiresInSeconds: 3600,
    withheldScopes: [],
    regionalApi: false,
    appDisabled: false,
    adminDisabled: false,
    token: null,
    revokeDown: false,
    published: true,
    api: null,
    slowMs: 0,
    missingScopes: [],
    dailyLeft: null,
    wideRanges: 'clipped',
    download: null,
    bytesPerSecond: null,
    cdnRefusesToken: true,
    ranges: false,
    staleUrls: false,
    silent: false,
    duplicated: false,
    reordered: false,
    timestamps: 'seconds',
    signature: 'right',
  };
}
