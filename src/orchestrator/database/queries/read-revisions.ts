import type { Config, FoundRevision } from '../../../config/index.ts';
import type { RevisionState, RevisionView } from '../../../contract/rollout.ts';
import type { Queryable } from '../database.ts';
import { WAS_EVERYWHERE } from './rollouts.ts';

interface RevisionRow {
  readonly revision: string;
  readonly source: FoundRevision['source'];
  readonly commit: FoundRevision['commit'];
  readonly refusal: FoundRevision['refusal'] | null;
  readonly state: RevisionState;
  readonly reason: string | null;
  readonly found_at: Date;
  readonly state_at: Date;
  readonly was_everywhere: boolean;
}

const COLUMNS = `revision, source, commit, refusal, state, reason, found_at, state_at,
  (state = 'everywhere' OR ${WAS_EVERYWHERE}) AS was_everywhere`;

/** Revisions, the one found last first. */
export async function listRevisions(database: Queryable, limit: number): Promise<RevisionView[]> {
  const { rows } = await database.query<RevisionRow>(
    `SELECT ${COLUMNS} FROM config_revisions ORDER BY position DESC LIMIT $1`,
    [limit],
  );
  return rows.map(toView);
}

export interface WholeRevision {
  readonly view: RevisionView;
  readonly complaints: readonly string[];
  readonly files: FoundRevision['files'] | null;
}

export async function readRevision(database: Queryable, revision: string): Promise<WholeRevision | undefined> {
  const { rows } = await database.query<RevisionRow & { files: FoundRevision['files'] | null }>(
    `SELECT ${COLUMNS}, files FROM config_revisions WHERE revision = $1`,
    [revision],
  );
  const row = rows[0];
  return row && { view: toView(row), complaints: row.refusal?.complaints ?? [], files: row.files };
}

/** The revision that was found in a commit, the newest where there are several; `undefined`: there is none. */
export async function findRevisionOf(database: Queryable, sha: string): Promise<string | undefined> {
  const { rows } = await database.query<{ revision: string }>(
    "SELECT revision FROM config_revisions WHERE commit ->> 'sha' = $1 ORDER BY position DESC LIMIT 1",
    [sha],
  );
  return rows[0]?.revision;
}

/** What a revision reads to; `undefined`: it isn't known, was refused, or is too old to be kept whole. */
export async function readRevisionConfig(database: Queryable, revision: string): Promise<Config | undefined> {
  const { rows } = await database.query<{ config: Config | null }>(
    'SELECT config FROM config_revisions WHERE revision = $1',
    [revision],
  );
  return rows[0]?.config ?? undefined;
}

/** The newest good revision: what the source holds, else what it held before. */
export async function readLatestGood(
  database: Queryable,
): Promise<{ readonly revision: string; readonly sha: string | null } | undefined> {
  const { rows } = await database.query<{ revision: string; sha: string | null }>(
    `SELECT revision, commit ->> 'sha' AS sha FROM config_revisions
     WHERE state <> 'refused' ORDER BY revision = (SELECT found FROM config_head) DESC NULLS LAST, position DESC LIMIT 1`,
  );
  return rows[0];
}

function toView(row: RevisionRow): RevisionView {
  const { commit } = row;
  return {
    revision: row.revision,
    source: row.source,
    state: row.state,
    reason: row.refusal?.reason ?? row.reason,
    found_at: row.found_at.toISOString(),
    state_at: row.state_at.toISOString(),
    was_everywhere: row.was_everywhere,
    commit: commit && {
      sha: commit.sha,
      author: commit.author,
      subject: commit.subject,
      committed_at: new Date(commit.committedAt).toISOString(),
      signer: commit.signer,
    },
  };
}
