/** An answer of Google's that is an error, in the form of the Drive API. */
export class DriveRefusal extends Error {
  readonly status: number;
  readonly reason: string;
  readonly location: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    reason: string,
    message: string,
    more: { readonly location?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.location = more.location;
    this.headers = more.headers ?? {};
  }

  body(): string {
    const { status, reason, message, location } = this;
    const domain = DOMAINS[reason] ?? 'global';
    const one = { message, domain, reason, ...(location === undefined ? {} : { location, locationType: 'parameter' }) };
    return JSON.stringify({ error: { code: status, message, errors: [one] } });
  }
}

/** One of the token endpoint, in the form of OAuth (RFC 6749 §5.2). */
export class TokenRefusal extends Error {
  readonly status: number;
  readonly error: string;

  constructor(status: number, error: string, description: string) {
    super(description);
    this.status = status;
    this.error = error;
  }

  body(): string {
    return JSON.stringify({ error: this.error, error_description: this.message });
  }
}

const DOMAINS: Readonly<Record<string, string>> = {
  userRateLimitExceeded: 'usageLimits',
  rateLimitExceeded: 'usageLimits',
  dailyLimitExceeded: 'usageLimits',
  accessNotConfigured: 'usageLimits',
};

export const notFound = (id: string) =>
  new DriveRefusal(404, 'notFound', `File not found: ${id}.`, { location: 'fileId' });
export const badRequest = (reason: string, message: string, location?: string) =>
  new DriveRefusal(400, reason, message, location === undefined ? {} : { location });
