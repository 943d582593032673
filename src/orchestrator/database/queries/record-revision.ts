import type { Config, FoundRevision } from '../../../config/index.ts';
import type { RevisionState } from '../../../contract/rollout.ts';
import type { Queryable } from '../database.ts';
import { storable } from '../storable.ts';

/** So many good revisions are kept whole, the newest; of older ones it is only known what became of them. */
const KEPT_WHOLE = 200;

export interface KnownRevision {
  readonly state: RevisionState;
  readonly refusal: FoundRevision['refusal'] | null;
  /** Why it was rolled back. */
  readonly reason: string | null;
}

/** What is known of a revision, held until the transaction ends. */
export async function holdRevision(transaction: Queryable, revision: string): Promise<KnownRevision | undefined> {
  const { rows } = await transaction.query<KnownRevision>(
    'SELECT state, refusal, reason FROM config_revisions WHERE revision = $1 FOR UPDATE',
    [revision],
  );
  return rows[0];
}

/** Where the latest word on revisions that read to the same configuration as `config` is that one was rolled back: that one. */
export async function findBadTwin(
  transaction: Queryable,
  revision: string,
  config: Config,
): Promise<{ readonly revision: string; readonly reason: string | null } | undefined> {
  const { rows } = await transaction.query<{ revision: string; state: RevisionState; reason: string | null }>(
    `SELECT revision, state, reason FROM config_revisions
     WHERE state NOT IN ('refused', 'checked') AND revision <> $1 AND config - 'revision' = $2::jsonb - 'revision'
     ORDER BY state_at DESC, position DESC LIMIT 1`,
    [revision, JSON.stringify(storable(config))],
  );
  return rows[0]?.state === 'rolled_back' ? rows[0] : undefined;
}

/** Adds a revision, or takes what is found of a known one now: another version of this program may judge it differently. */
export async function writeRevision(transaction: Queryable, found: FoundRevision, now: Date): Promise<void> {
  const { revision, source, commit, files, config, refusal } = found;
  const json = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(storable(value)));
  await transaction.query(
    `INSERT INTO config_revisions AS known (revision, source, commit, files, config, refusal, state, found_at, state_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
     ON CONFLICT (revision) DO UPDATE SET files = excluded.files, config = excluded.config, refusal = excluded.refusal,
       state = excluded.state, state_at = excluded.state_at, reason = NULL`,
    [
      revision,
      source,
      json(commit),
      // A refused one may be refused for a credential in it: that is not kept.
      refusal === undefined ? json(files) : null,
      refusal === undefined ? json(config) : null,
      json(refusal),
      refusal === undefined ? 'checked' : 'refused',
      now,
    ],
  );
  await transaction.query(
    `UPDATE config_revisions SET files = NULL, config = NULL
     WHERE config IS NOT NULL AND state IN ('replaced', 'rolled_back', 'checked') AND revision <> $1
       AND position <= (SELECT position FROM config_revisions WHERE config IS NOT NULL ORDER BY position DESC OFFSET ${KEPT_WHOLE} LIMIT 1)`,
    [revision],
  );
}

/** The same revision, checked by another version of this program, may read to more keys than were stored. */
export async function refreshRevision(
  transaction: Queryable,
  revision: string,
  files: FoundRevision['files'],
  config: Config,
): Promise<boolean> {
  const { count } = await transaction.query(
    `UPDATE config_revisions SET files = $2, config = $3
     WHERE revision = $1 AND state <> 'refused' AND config IS DISTINCT FROM $3::jsonb`,
    [revision, JSON.stringify(storable(files)), JSON.stringify(storable(config))],
  );
  return count > 0;
}

export async function setRevisionState(
  transaction: Queryable,
  revision: string,
  state: Exclude<RevisionState, 'refused'>,
  now: Date,
  reason: string | null = null,
): Promise<void> {
  await transaction.query('UPDATE config_revisions SET state = $2, state_at = $3, reason = $4 WHERE revision = $1', [
    revision,
    state,
    now,
    reason,
  ]);
}
