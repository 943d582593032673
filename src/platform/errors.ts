/** What every expected failure carries besides its message. `hint` says what the operator can do next. */
export interface ErrorDetails {
  readonly hint?: string;
  readonly cause?: unknown;
  /** Whether the same attempt may succeed later without anybody changing anything. */
  readonly retryable?: boolean;
  /** Structured facts for logs and problem documents; never a secret. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/**
 * An expected failure: stable `code`, a message that says what was attempted, on what, and what was found.
 * Programmer mistakes are plain assertion errors, never this.
 */
export class NervesysError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'NervesysError';
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.hint = details.hint;
    this.facts = details.facts ?? {};
  }
}

/** The error's stable code, whatever was thrown: ours, Node's (`ECONNREFUSED`), or `UNKNOWN`. */
export function errorCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return 'UNKNOWN';
}

/** One line for a log or a person: the message and its causes, outermost first, without repeats. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current !== undefined && current !== null && depth < 5; depth++) {
    const text = current instanceof Error ? current.message || errorCode(current) : String(current);
    if (text !== '' && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}

/** Whether trying again later may help: our own word for it, or a network failure that passes. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof NervesysError) return error.retryable;
  return PASSING_NETWORK_CODES.has(errorCode(error));
}

const PASSING_NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'HPE_INVALID_CONSTANT',
]);
