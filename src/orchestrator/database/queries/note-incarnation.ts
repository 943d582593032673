import type { Database } from '../database.ts';

export interface HeardIncarnation {
  readonly keySha256: string;
  readonly incarnation: string;
  readonly bootId: string | null;
  readonly now: Date;
  /** Who comes back sooner than this after its successor showed itself may have been on the way only: a request from before the restart. */
  readonly overlapMs: number;
}

/** `refused`: another machine has this key, and was there first; `found`: and that is known only now. */
export type Verdict = 'heard' | 'found' | 'refused';

/** Restarts whose incarnations are remembered: more than that within one key's life don't come back either. */
const REMEMBERED_MAX = 32;

/**
 * Notes that a key is shown by another process than before. After a restart that is all. Where two take turns (A, B, A, B), both live, and
 * the one that came later is refused from then on: it is the copy. What boots again on the copy's host under the same boot is refused at once.
 */
export async function noteIncarnation(database: Database, heard: HeardIncarnation): Promise<Verdict> {
  const { keySha256, incarnation, bootId, now, overlapMs } = heard;
  return database.transaction(async (transaction) => {
    const key = await transaction.query<{ incarnation: string | null }>(
      'SELECT incarnation FROM agent_keys WHERE key_sha256 = $1 FOR UPDATE',
      [keySha256],
    );
    const { rows } = await transaction.query<{
      incarnation: string;
      boot_id: string | null;
      first_seen_at: Date;
      returned_at: Date | null;
      refused_at: Date | null;
    }>(
      `SELECT incarnation, boot_id, first_seen_at, returned_at, refused_at FROM agent_incarnations
       WHERE key_sha256 = $1 ORDER BY first_seen_at DESC`,
      [keySha256],
    );
    const own = rows.find((row) => row.incarnation === incarnation);
    const current = rows.find((row) => row.incarnation === key.rows[0]?.incarnation);
    if (own !== undefined && own.refused_at !== null) return 'refused';
    const refuse = async (): Promise<Verdict> => {
      await transaction.query(
        `INSERT INTO agent_incarnations (key_sha256, incarnation, boot_id, first_seen_at, refused_at) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (key_sha256, incarnation) DO UPDATE SET refused_at = excluded.refused_at`,
        [keySha256, incarnation, bootId, now],
      );
      return 'found';
    };
    const sameBootRefused =
      bootId !== null &&
      bootId !== current?.boot_id && // two containers of one host have one boot: only their processes differ
      rows.some((row) => row.boot_id === bootId && row.refused_at !== null);
    if (own === undefined && sameBootRefused) return refuse();
    if (own !== undefined && current !== undefined && current !== own) {
      const younger = own.first_seen_at > current.first_seen_at;
      if (younger && current.returned_at !== null && current.returned_at > own.first_seen_at) return refuse();
      if (!younger && now.getTime() - current.first_seen_at.getTime() >= overlapMs)
        await transaction.query(
          'UPDATE agent_incarnations SET returned_at = $3 WHERE key_sha256 = $1 AND incarnation = $2',
          [keySha256, incarnation, now],
        );
    }
    if (own === undefined) {
      await transaction.query(
        'INSERT INTO agent_incarnations (key_sha256, incarnation, boot_id, first_seen_at) VALUES ($1, $2, $3, $4)',
        [keySha256, incarnation, bootId, now],
      );
      // One that has shown to be alive beside another stays known, however often the other is restarted.
      const restarted = rows.filter((row) => row !== current && row.returned_at === null);
      for (const old of [...restarted.slice(REMEMBERED_MAX - 2), ...rows.slice(4 * REMEMBERED_MAX)])
        await transaction.query('DELETE FROM agent_incarnations WHERE key_sha256 = $1 AND incarnation = $2', [
          keySha256,
          old.incarnation,
        ]);
    }
    await transaction.query('UPDATE agent_keys SET incarnation = $2 WHERE key_sha256 = $1', [keySha256, incarnation]);
    return 'heard';
  });
}
