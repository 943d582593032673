/** A backup as `GET /api/v1/backups` shows it; instants are ISO 8601, UTC. */
export interface BackupView {
  /** Names its objects in the archive. */
  readonly run: string;
  /** The local day on which it was begun, `YYYY-MM-DD`. */
  readonly day: string;
  readonly state: 'running' | 'done' | 'failed';
  /** Who asked for it; null: its time had come. */
  readonly asked_by: string | null;
  readonly started_at: string;
  readonly finished_at: string | null;
  /** Of its manifest; null while there is none. */
  readonly key: string | null;
  readonly rows: number;
  readonly text_bytes: number;
  /** What it takes in the archive. */
  readonly bytes: number;
  /** How it was proven: put back into a database of its own, or (where none may be made) read again and counted. */
  readonly checked: 'restored' | 'read' | null;
  /** Why it failed. */
  readonly error: string | null;
}

export interface BackupsAnswer {
  readonly now: string;
  /** Newest first. */
  readonly backups: readonly BackupView[];
  /** When the last good one was begun; null: there is none. */
  readonly last_good_at: string | null;
  /** Whether one is made each night. */
  readonly enabled: boolean;
}

/** The last object of a backup, without which it is none: what it holds and how that is proven. docs/FORMATS.md describes it. */
export interface BackupManifest {
  readonly format: number;
  /** Whose it is: the database's own name, 32 hex digits, which its copies keep. */
  readonly installation: string;
  readonly run: string;
  readonly day: string;
  /** The instant that the data shows. */
  readonly taken_at: string;
  readonly nervesys_version: string;
  readonly postgres_version: string;
  /** The schema: these migrations, in order. */
  readonly migrations: readonly { readonly number: number; readonly name: string; readonly sha256: string }[];
  /** Tables whose rows are not here, because they are made anew or must not be kept. */
  readonly left_out: readonly string[];
  /** The first day of raw heartbeats that are here; older ones are in the roll-ups alone. */
  readonly beats_since: string;
  readonly tables: readonly BackupTable[];
  readonly sequences: readonly BackupSequence[];
  readonly parts: readonly BackupPart[];
}

export interface BackupTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
  /** 16 hex digits over all rows in whatever order, see `RowSum`. */
  readonly sum: string;
  /** Of a partition: its table, and which rows belong to it in Postgres' words. */
  readonly partition?: { readonly of: string; readonly bound: string };
}

/** The number that was given out last for a column. */
export interface BackupSequence {
  readonly table: string;
  readonly column: string;
  readonly last: number;
}

export interface BackupPart {
  readonly key: string;
  readonly bytes: number;
  readonly text_bytes: number;
  /** Of the object as it stands in the archive. */
  readonly sha256: string;
}

export const BACKUP_FORMAT = 1;
export const BACKUPS_PREFIX = 'backups/daily/';

export interface BackupKey {
  readonly day: string;
  readonly run: string;
  /** 1, 2, 3 …; absent: the manifest. */
  readonly part?: number;
}

const KEY_PATTERN = /^backups\/daily\/(\d{4}-\d{2}-\d{2})\.([0-9a-f]{12})(?:\.json|\.(\d{5,})\.sql\.gz)$/;

export function backupManifestKey(day: string, run: string): string {
  return `${BACKUPS_PREFIX}${day}.${run}.json`;
}

export function backupPartKey(day: string, run: string, part: number): string {
  return `${BACKUPS_PREFIX}${day}.${run}.${String(part).padStart(5, '0')}.sql.gz`;
}

/** `undefined` for what is no object of a backup of ours. */
export function parseBackupKey(key: string): BackupKey | undefined {
  const match = KEY_PATTERN.exec(key);
  if (match === null) return undefined;
  const [, day, run, part] = match as unknown as [string, string, string, string | undefined];
  return part === undefined ? { day, run } : { day, run, part: Number(part) };
}
