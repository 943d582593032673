import { sha256Hex } from '../platform/digest.ts';

/** Who acted: a person, an API key, an agent, a token that lets in, nobody known, or the orchestrator on its own machine. */
export type AuditActorType = 'person' | 'api_key' | 'agent' | 'token' | 'unknown' | 'system';

/** One thing that was done, or refused. */
export interface AuditEntry {
  /** 1, 2, 3 …, without gaps. */
  readonly seq: number;
  /** ISO 8601, UTC, with microseconds as Postgres keeps them. */
  readonly at: string;
  readonly actor_type: AuditActorType;
  readonly actor: string | null;
  /** What: `token.created`, `sign_in.refused`. */
  readonly action: string;
  /** On what: a server, a person, a token's id. */
  readonly subject: string | null;
  /** From where: the network address that asked. */
  readonly address: string | null;
  /** JSON of what else there is to say, as the text that was hashed. */
  readonly detail: string;
  readonly previous_sha256: string;
  readonly sha256: string;
}

/** The newest entry, by which the next ones are chained. */
export interface AuditHead {
  readonly seq: number;
  readonly sha256: string;
}

/** `GET /api/v1/audit`. */
export interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
  readonly head: AuditHead;
}

/** What the first entry follows. */
export const AUDIT_START: AuditHead = { seq: 0, sha256: '0'.repeat(64) };

/** An entry's hash: over the hash before it and its own fields, in this order. */
export function hashAuditEntry(entry: Omit<AuditEntry, 'sha256'>): string {
  const { seq, at, actor_type, actor, action, subject, address, detail, previous_sha256: previous } = entry;
  return sha256Hex(`${previous}\n${JSON.stringify([seq, at, actor_type, actor, action, subject, address, detail])}`);
}

/** Why the entry after `before` isn't what was written; `undefined` when it is. */
export function findAuditBreak(before: AuditHead, entry: AuditEntry): string | undefined {
  if (entry.seq !== before.seq + 1) {
    return entry.seq === before.seq + 2
      ? `entry ${before.seq + 1} is missing`
      : `entries ${before.seq + 1} to ${entry.seq - 1} are missing`;
  }
  if (entry.previous_sha256 !== before.sha256) return `entry ${entry.seq} does not follow the one before it`;
  if (hashAuditEntry(entry) !== entry.sha256) return `entry ${entry.seq} was changed`;
  return undefined;
}
