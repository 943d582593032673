import { type BackupManifest, type BackupView, backupManifestKey } from '../../../contract/backup.ts';
import type { Database, Queryable } from '../database.ts';
import { appendAudit } from './append-audit.ts';

interface BackupRow extends Omit<BackupView, 'started_at' | 'finished_at'> {
  readonly started_at: Date;
  readonly finished_at: Date | null;
}

const COLUMNS = `run, to_char(day, 'YYYY-MM-DD') AS day, state, asked_by, started_at, finished_at, key, rows, text_bytes, bytes,
  checked, error`;
/** Failed ones that are still told of, the newest. */
const FAILED_SHOWN = 20;

export interface BackupClaim {
  readonly run: string;
  readonly day: string;
  readonly night: string;
  readonly askedBy: string | null;
}

/** What decides whether one is to be made now. */
export interface BackupState {
  /** The newest good one's night, `YYYY-MM-DD`, and when it was begun. */
  readonly night: string | null;
  readonly lastGoodAt: Date | null;
  /** When the database was made; a fresh one owes no backup for a night before. */
  readonly madeAt: Date;
  /** How many failed since the last good one, and when the last of them ended. */
  readonly failures: number;
  readonly failedAt: Date | null;
  /** One that is being made, its lease being good. */
  readonly running: boolean;
}

export async function readBackupState(database: Queryable, now: Date): Promise<BackupState> {
  const { rows } = await database.query<{
    night: string | null;
    last_good_at: Date | null;
    made_at: Date | null;
    failures: number;
    failed_at: Date | null;
    running: boolean;
  }>(
    `WITH good AS (SELECT max(night) AS night, max(started_at) AS started_at FROM backups WHERE state = 'done'),
       failed AS (
         SELECT count(*) AS failures, max(finished_at) AS failed_at FROM backups
         WHERE state = 'failed' AND started_at > COALESCE((SELECT started_at FROM good), '-infinity'))
     SELECT to_char(good.night, 'YYYY-MM-DD') AS night, good.started_at AS last_good_at, failures, failed_at,
       (SELECT min(applied_at) FROM schema_migrations) AS made_at,
       EXISTS (SELECT FROM backups WHERE state = 'running' AND lease_until > $1) AS running
     FROM good, failed`,
    [now],
  );
  const row = rows[0]!;
  return {
    night: row.night,
    lastGoodAt: row.last_good_at,
    madeAt: row.made_at ?? now,
    failures: row.failures,
    failedAt: row.failed_at,
    running: row.running,
  };
}

/**
 * Takes the making of a backup upon this replica, until `leaseUntil`; not `claimed`: another one is at it. One whose lease is over was broken off
 * (killed, cut off): it is noted as failed, and what it left in the archive is no backup.
 */
export async function claimBackup(
  database: Database,
  { run, day, night, askedBy }: BackupClaim,
  now: Date,
  leaseUntil: Date,
): Promise<{ readonly claimed: BackupView | undefined; readonly brokenOff: boolean }> {
  return database.transaction(async (transaction) => {
    const brokenOff = await transaction.query(
      `UPDATE backups SET state = 'failed', lease_until = NULL, finished_at = $1,
         error = 'it was broken off: the orchestrator that made it ended, or lost its way to the database'
       WHERE state = 'running' AND lease_until <= $1`,
      [now],
    );
    const { rows } = await transaction.query<BackupRow>(
      `INSERT INTO backups (run, day, night, state, asked_by, started_at, lease_until)
       VALUES ($1, $2, $3, 'running', $4, $5, $6)
       ON CONFLICT ((true)) WHERE state = 'running' DO NOTHING RETURNING ${COLUMNS}`,
      [run, day, night, askedBy, now, leaseUntil],
    );
    return { claimed: rows[0] && toView(rows[0]), brokenOff: brokenOff.count > 0 };
  });
}

/** The name of this database among those that share a bucket. */
export async function readInstallation(database: Queryable): Promise<string> {
  const { rows } = await database.query<{ id: string }>('SELECT id FROM installation');
  return rows[0]?.id ?? '';
}

/** Whether it is still this replica's. */
export async function renewBackup(database: Queryable, run: string, leaseUntil: Date): Promise<boolean> {
  const { count } = await database.query(`UPDATE backups SET lease_until = $2 WHERE run = $1 AND state = 'running'`, [
    run,
    leaseUntil,
  ]);
  return count > 0;
}

/** Whether it counts: another replica may have taken over meanwhile. */
export async function finishBackup(
  database: Queryable,
  run: string,
  result: Pick<BackupView, 'key' | 'rows' | 'text_bytes' | 'bytes' | 'checked'> & { readonly parts: number },
  now: Date,
): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE backups SET state = 'done', lease_until = NULL, finished_at = $2, key = $3, parts = $4, rows = $5, text_bytes = $6,
       bytes = $7, checked = $8 WHERE run = $1 AND state = 'running'`,
    [run, now, result.key, result.parts, result.rows, result.text_bytes, result.bytes, result.checked],
  );
  return count > 0;
}

export async function failBackup(database: Queryable, run: string, error: string, now: Date): Promise<void> {
  await database.query(
    `UPDATE backups SET state = 'failed', lease_until = NULL, finished_at = $2, error = left($3, 2000)
     WHERE run = $1 AND state = 'running'`,
    [run, now, error],
  );
}

/** Forgets one: it was given up before it was anything, or is not in the archive any more. */
export async function forgetBackups(database: Queryable, runs: readonly string[]): Promise<void> {
  await database.query('DELETE FROM backups WHERE run = ANY($1)', [runs]);
}

/** Takes a good one in that the archive has and the catalog doesn't: this database was restored. */
export async function adoptBackup(
  database: Queryable,
  { run, day, taken_at, tables, parts }: BackupManifest,
  checked: 'restored' | null,
): Promise<void> {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  await database.query(
    `INSERT INTO backups (run, day, night, state, started_at, finished_at, key, parts, rows, text_bytes, bytes, checked)
     VALUES ($1, $2, $2, 'done', $3, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (run) DO NOTHING`,
    [
      run,
      day,
      new Date(taken_at),
      backupManifestKey(day, run),
      parts.length,
      sum(tables.map(({ rows }) => rows)),
      sum(parts.map(({ text_bytes }) => text_bytes)),
      sum(parts.map(({ bytes }) => bytes)),
      checked,
    ],
  );
}

/**
 * Says in a restored database by which backup it was restored. When that was taken it was still being made, which nobody is at any more: it is
 * a good one, proven by having been restored.
 */
export async function noteRestored(database: Database, manifest: BackupManifest, now: Date): Promise<void> {
  const { day, run, taken_at } = manifest;
  await database.transaction(async (transaction) => {
    await transaction.query("DELETE FROM backups WHERE state = 'running'");
    await adoptBackup(transaction, manifest, 'restored');
    await appendAudit(transaction, {
      at: now,
      by: { type: 'system', name: null, address: null },
      action: 'database.restored',
      subject: backupManifestKey(day, run),
      detail: { taken_at },
    });
  });
}

/** All good ones, the one that is being made, and the last few that failed; newest first. */
export async function readBackups(database: Queryable): Promise<BackupView[]> {
  const { rows } = await database.query<BackupRow>(
    `SELECT ${COLUMNS} FROM backups WHERE state <> 'failed'
       OR run IN (SELECT run FROM backups WHERE state = 'failed' ORDER BY started_at DESC LIMIT ${FAILED_SHOWN})
     ORDER BY started_at DESC, run`,
  );
  return rows.map(toView);
}

/** Those that failed long ago are nobody's business any more. */
export async function sweepBackups(database: Queryable, before: Date): Promise<void> {
  await database.query(`DELETE FROM backups WHERE state = 'failed' AND finished_at < $1`, [before]);
}

function toView({ started_at, finished_at, ...row }: BackupRow): BackupView {
  return { ...row, started_at: started_at.toISOString(), finished_at: finished_at?.toISOString() ?? null };
}
