import type { FoundRevision } from '../../../config/index.ts';
import { REVISIONS_MAX, type RevisionFacts } from '../../../contract/report-facts.ts';
import type { RevisionState, RolloutState } from '../../../contract/rollout.ts';
import type { Queryable } from '../../database/database.ts';
import type { FactsWindow } from './facts-window.ts';

/** A complaint may quote what stands in a file. */
const COMPLAINT_LENGTH_MAX = 500;

interface RevisionRow {
  readonly revision: string;
  readonly commit: FoundRevision['commit'];
  readonly refusal: NonNullable<FoundRevision['refusal']> | null;
  readonly state: RevisionState;
  readonly found_at: Date;
  readonly state_at: Date;
  /** Its latest that had begun by the end; null: none had. */
  readonly rollout_state: RolloutState | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly rollout_reason: string | null;
  /** Something was rolled out in its place. */
  readonly was_everywhere: boolean;
}

/**
 * What was found in the configuration's source in the period, or was rolled out in it, the newest first, at most `REVISIONS_MAX`; as it stood at the
 * end. A rollout that was paused then is told as one that went on.
 */
export async function gatherRevisions(
  database: Queryable,
  { startsAt, endsAt }: Pick<FactsWindow, 'startsAt' | 'endsAt'>,
): Promise<RevisionFacts[]> {
  const { rows } = await database.query<RevisionRow>(
    `SELECT config_revisions.revision, commit, refusal, config_revisions.state, found_at, state_at, rollout.state AS rollout_state,
       started_at, ended_at, rollout.reason AS rollout_reason,
       EXISTS (SELECT FROM config_rollouts WHERE previous = config_revisions.revision) AS was_everywhere
     FROM config_revisions
     LEFT JOIN LATERAL (SELECT state, started_at, ended_at, reason FROM config_rollouts
       WHERE config_rollouts.revision = config_revisions.revision AND started_at < $2 ORDER BY id DESC LIMIT 1) AS rollout ON true
     WHERE found_at < $2 AND (found_at >= $1 OR started_at >= $1 OR (ended_at >= $1 AND ended_at < $2))
     ORDER BY position DESC LIMIT ${REVISIONS_MAX}`,
    [startsAt, endsAt],
  );
  return rows.map((row) => ({
    revision: row.revision,
    found_at: row.found_at.toISOString(),
    state: stateAt(row, endsAt),
    commit: commitFacts(row.commit),
    rollout: rolloutFacts(row, endsAt),
    refused: refusalFacts(row.refusal),
  }));
}

/** Only when its state changed last is stored: what it was before follows from its rollouts. */
function stateAt(row: RevisionRow, endsAt: Date): RevisionState {
  if (row.state_at < endsAt || row.state === 'refused') return row.state;
  if (row.rollout_state === null) return row.was_everywhere ? 'everywhere' : 'checked';
  if (row.ended_at === null || row.ended_at >= endsAt) return 'rolling';
  switch (row.rollout_state) {
    case 'done':
      return 'everywhere';
    case 'replaced':
      return 'replaced';
    case 'rolled_back':
    case 'halted':
      return 'rolled_back';
    case 'rolling':
    case 'paused':
      return 'rolling';
    default:
      return row.rollout_state satisfies never;
  }
}

function rolloutFacts(row: RevisionRow, endsAt: Date): RevisionFacts['rollout'] {
  if (row.rollout_state === null) return null;
  const started = row.started_at.toISOString();
  if (row.ended_at === null || row.ended_at >= endsAt)
    return { state: 'rolling', started_at: started, ended_at: null, reason: null };
  return {
    state: row.rollout_state,
    started_at: started,
    ended_at: row.ended_at.toISOString(),
    reason: row.rollout_reason,
  };
}

function commitFacts(commit: FoundRevision['commit']): RevisionFacts['commit'] {
  if (commit === null) return null;
  const at = new Date(commit.committedAt);
  return {
    subject: commit.subject,
    author: commit.author,
    at: Number.isNaN(at.getTime()) ? null : at.toISOString(),
  };
}

function refusalFacts(refusal: RevisionRow['refusal']): RevisionFacts['refused'] {
  if (refusal === null) return null;
  const { complaints, reason } = refusal;
  const first = complaints[0] ?? reason;
  const cut =
    first.length > COMPLAINT_LENGTH_MAX ? `${first.slice(0, COMPLAINT_LENGTH_MAX - 1).toWellFormed()}…` : first;
  return { complaints: complaints.length, first: cut };
}
