/** What the log says of an error: nothing that an error of a driver or a parser repeats of the data it was about. */
export type LoggedError = {
  type: string;
  message: string;
  stack?: string;
  code?: string | number;
  codeName?: string;
  labels?: string[];
  cause?: LoggedError;
  /** What an error stands for that is made of several. */
  errors?: LoggedError[];
};

/** Causes of causes, and errors in one, that are logged. */
const DEEPEST = 5;

/**
 * The error of a log line. Fields are named one by one, for errors carry more: the whole documents of a bulk write, the
 * values of a key, the body of a request.
 */
export function logError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: typeof error === 'string' ? tell(error) : '' };
  const message = tell(error.message, error.name);
  const { code, codeName, errorLabels, cause, errorResponse, errors } = error as Error & Record<string, unknown>;
  // The driver keeps what a bulk write met in a field of its own.
  const below = [cause, errorResponse].find((found) => found instanceof Error);
  const deeper = depth < DEEPEST;
  return {
    type: typeOf(error),
    message,
    ...(typeof error.stack === 'string' ? { stack: stackOf(error, message) } : {}),
    ...(isCode(code) ? { code } : {}),
    ...(typeof codeName === 'string' && isName(codeName) ? { codeName } : {}),
    ...(Array.isArray(errorLabels) && errorLabels.length > 0 ? { labels: errorLabels.filter(isName) } : {}),
    ...(below && deeper ? { cause: logError(below, depth + 1) } : {}),
    ...(Array.isArray(errors) && deeper
      ? { errors: errors.slice(0, DEEPEST).map((one) => logError(one, depth + 1)) }
      : {}),
  };
}

function typeOf(error: Error): string {
  const { name } = error.constructor;
  return isName(name) ? name : 'Error';
}

const isName = (text: unknown): text is string => typeof text === 'string' && /^[\w$.-]{1,80}$/.test(text);

function isCode(code: unknown): code is string | number {
  return typeof code === 'number' || isName(code);
}

/** The stack begins with the message as it was, in as many lines as it has; what follows it names places in code. */
function stackOf(error: Error, message: string): string {
  const stack = error.stack ?? '';
  const at = stack.indexOf(error.message);
  const rest = at === -1 ? stack : stack.slice(at + error.message.length);
  const frames = rest.split('\n').filter((line) => /^ +at \S/.test(line));
  return [`${typeOf(error)}: ${message}`, ...frames].join('\n');
}

/** What a message repeats of stored data stands behind these words, to its end: nobody knows where a value ends. */
const VALUES = [
  /\bdup key:.*/s,
  // Mongoose: Cast to String failed for value "..." at path "..."
  /\bfailed for value\b.*/s,
  // V8's JSON.parse: Unexpected token 'x', ..."..." is not valid JSON
  /(?<=^Unexpected (?:token|non-whitespace|end)\b).* is not valid JSON\b.*/s,
  // SQLite, of a query or of a malformed MATCH.
  /(?<=\bnear )".*/s,
];

function tell(message: string, name = ''): string {
  const cut = VALUES.reduce((text, values) => text.replace(values, '(left out)'), message);
  // MongoDB shows documents, or parts of them, in braces.
  return /^Mongo/.test(name) ? cut.replace(/\{.*/s, '(left out)') : cut;
}
