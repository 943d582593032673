import type { ServerName } from './ids.ts';

/**
 * What one token string carries: where the orchestrator is and the secret that opens it once.
 * Written `nsv1.<base64url of JSON>`, so that it survives a shell, a YAML file and a copy by mouse.
 */
export interface TokenParts {
  /** Base URL of the orchestrator, `http://127.0.0.1:7700`. */
  readonly url: string;
  readonly secret: string;
  /** SHA-256 of the orchestrator's certificate, hex; null over plain HTTP. */
  readonly fingerprint: string | null;
}

const PREFIX = 'nsv1.';

export function formatToken(parts: TokenParts): string {
  const json = JSON.stringify({ u: parts.url, s: parts.secret, f: parts.fingerprint });
  return PREFIX + Buffer.from(json).toString('base64url');
}

/** The inverse of `formatToken`; `undefined` for anything else. Never put the input into an error message. */
export function parseToken(text: string): TokenParts | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  try {
    const { u, s, f } = JSON.parse(Buffer.from(text.slice(PREFIX.length), 'base64url').toString('utf8'));
    if (typeof u !== 'string' || typeof s !== 'string' || (f !== null && typeof f !== 'string')) return undefined;
    const url = new URL(u);
    return url.protocol === 'http:' || url.protocol === 'https:' ? { url: u, secret: s, fingerprint: f } : undefined;
  } catch {
    return undefined;
  }
}

/** Body of `POST /api/v1/enroll`. */
export interface EnrolRequest {
  readonly secret: string;
  readonly server: ServerName;
  readonly agent_version: string;
  readonly boot_id: string | null;
  /** The host's clock, ISO 8601: nothing is judged by it, but how far it is off is said. Absent: an older agent. */
  readonly now?: string;
  /** A server that has got another name: its former one, and the proof (`renameProof`) that it holds that one's key. */
  readonly former?: { readonly server: ServerName; readonly proof: string };
}

export interface EnrolAnswer {
  /** The agent's own key: `Authorization: Bearer <key>` from now on. Shown once. */
  readonly key: string;
  readonly server: ServerName;
  /** How far the host's clock is ahead of the orchestrator's; absent where it isn't known. */
  readonly clock_skew_ms?: number;
}

/** Answer of `POST /api/v1/enroll/rotate`, asked with the key that is to go: its successor. Both open until this one is first used. */
export interface RotateAnswer {
  readonly key: string;
}
