import type { BatchAnnouncement } from './batch.ts';

/**
 * Answer of `POST /api/v1/credentials`: keys by which the asking server may put objects below its own prefix until they expire, and nothing
 * else; no reading, listing or deleting. Kept in memory only.
 */
export interface ScopedCredentials {
  readonly type: 'scoped';
  readonly access_key: string;
  readonly secret_key: string;
  /** Goes with every request (`x-amz-security-token`, signed); absent where the store needs none (Storj). */
  readonly session_token?: string;
  readonly bucket: string;
  readonly endpoint: string;
  readonly region: string;
  readonly addressing: 'path' | 'virtual_host';
  /** Objects are to be written with an end so long after (`x-amz-meta-object-expires`); absent: with none. */
  readonly logs_expire_after_seconds?: number;
  /** What may be written below, each ending in `/`: `logs/AIGARDEN01/`. */
  readonly prefixes: readonly string[];
  /** ISO 8601, and the orchestrator's own clock with it: how long they last is told by the difference, whatever the server's clock says. */
  readonly expires_at: string;
  readonly now: string;
}

/**
 * Body of `POST /api/v1/batches/placed`: a batch that its server named by itself, and where it put it, or may have put it. A credential that
 * may only write can't look by itself when an answer was lost.
 */
export interface PlacedBatch extends BatchAnnouncement {
  readonly key: string;
}

/** What stands at that name: this very batch (the catalog has it from then on), something else, or nothing. */
export interface PlacedAnswer {
  readonly standing: 'ours' | 'other' | 'nothing';
}

/** The prefix that a server's scoped credentials open. */
export function serverPrefix(server: string): string {
  return `logs/${server}/`;
}
