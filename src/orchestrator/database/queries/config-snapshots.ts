import type { FoundRevision } from '../../../config/index.ts';
import type { Queryable } from '../database.ts';

export interface UnarchivedRevision {
  readonly revision: string;
  readonly commit: FoundRevision['commit'];
  readonly files: FoundRevision['files'];
}

/** Revisions that were begun to be rolled out and are not in the archive yet, in the order of finding. `built-in` has no files. */
export async function readUnarchivedRevisions(database: Queryable, limit: number): Promise<UnarchivedRevision[]> {
  const { rows } = await database.query<UnarchivedRevision>(
    `SELECT revision, commit, files FROM config_revisions AS one
     WHERE snapshot_at IS NULL AND files IS NOT NULL AND revision <> 'built-in'
       AND (state IN ('rolling', 'everywhere')
         OR EXISTS (SELECT FROM config_rollouts WHERE config_rollouts.revision = one.revision)
         OR EXISTS (SELECT FROM config_rollouts WHERE previous = one.revision))
     ORDER BY position LIMIT $1`,
    [limit],
  );
  return rows;
}

export async function noteSnapshot(database: Queryable, revision: string, now: Date): Promise<void> {
  await database.query('UPDATE config_revisions SET snapshot_at = $2 WHERE revision = $1', [revision, now]);
}
