/** `GET /healthz`: the process lives. */
export interface HealthAnswer {
  readonly status: 'ok';
  readonly version: string;
}

/** Something that the orchestrator relies on and can do without for a while: archive, Git, Vault. */
export interface DegradedDependency {
  readonly name: string;
  /** Stable, docs/ERRORS.md. */
  readonly code: string;
  /** In words, without addresses or secrets. */
  readonly reason: string;
  readonly since: string;
}

/** `GET /readyz`, 200. Without Postgres it is a problem document, 503, which names it as `dependency`, with the same `degraded`. */
export interface ReadyAnswer {
  readonly status: 'ready';
  readonly degraded: readonly DegradedDependency[];
}
