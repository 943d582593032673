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
  /** Newest first: `before` for what is older; absent at the log's beginning. A filter looks through so many entries at a time. */
  readonly next?: number;
}

/** What a walk over the whole log found, `GET /api/v1/audit/verdict` and `nervesys audit verify`. */
export interface AuditVerdict {
  readonly ok: boolean;
  /** Entries that are as they were written, counted from the first. */
  readonly verified: number;
  readonly head: AuditHead;
  /** The first entry that isn't what was written. */
  readonly broken?: { readonly seq: number; readonly problem: string; readonly entry?: AuditEntry };
}

/** Everything that is told. What was refused is gathered: `more` in an entry's detail counts what came after the one before. */
export const AUDIT_ACTIONS = [
  'sign_in',
  'sign_in_link.created',
  'sessions.ended',
  'person.added',
  'person.role',
  'person.password',
  'person.removed',
  'key.created',
  'key.revoked',
  'token.created',
  'token.revoked',
  'server.enrolled',
  'server.revoked',
  'server.rotation_asked',
  'server.retired',
  'server.reinstated',
  'agent.retired',
  'agent.reinstated',
  'agent.upgrade_asked',
  'agent.upgrade_cancelled',
  'agent.upgraded',
  'credentials.issued',
  'config.rollout_paused',
  'config.rollout_resumed',
  'config.rolled_back',
  'config.halted',
  'backup.asked',
  'database.restored',
  'logs.expiry_asked',
  'logs.expired',
  'report.asked',
  'report.sent_again',
  'alert.acknowledged',
  'alert.resolved',
  'template.marked',
  'template.unmarked',
  'silence.created',
  'silence.ended',
  'channel.tested',
  'sign_in.refused',
  'sign_in.held_up',
  'access.refused',
  'key.unknown',
  'key.revoked_used',
  'enrolment.refused',
  'upload.refused',
  'many.refused',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];
