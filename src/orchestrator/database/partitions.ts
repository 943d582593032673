import type { HistorySettings } from '../../config/index.ts';
import { errorCode } from '../../platform/errors.ts';
import { DAY_MS, templatesKeptMs } from '../history/resolutions.ts';
import type { Database, Queryable } from './database.ts';

/** A table whose rows live in partitions by time. */
interface PartitionedTable {
  readonly name: string;
  /** Of the day, the month or the year. */
  readonly digits: 8 | 6 | 4;
  readonly column: 'timestamp' | 'bucket' | 'day' | 'hour';
  readonly keptMs: (keep: HistorySettings) => number;
  /** SQL: whether nothing of a partition (its name) is needed any more but by those who look at the past. $1 is its end. */
  readonly isRolledUp: (partition: string) => string;
  /** SQL: what stands in the default partition and is past retention; $1: since when it is kept. */
  readonly expired: string;
}

const TABLES: readonly PartitionedTable[] = [
  {
    name: 'agent_status',
    digits: 8,
    column: 'timestamp',
    keptMs: (keep) => keep.beatsMs,
    isRolledUp: (partition) =>
      `NOT EXISTS (SELECT FROM ${partition} WHERE id > (SELECT rolled_id FROM status_rollup)) AND $1::timestamptz IS NOT NULL`,
    // By receipt: what a clock has dated to 2101 is not kept until then.
    expired: 'received_at < $1 AND id <= (SELECT rolled_id FROM status_rollup)',
  },
  {
    name: 'status_5m',
    digits: 8,
    column: 'bucket',
    keptMs: (keep) => keep.fiveMinutesMs,
    isRolledUp: () => 'coalesce((SELECT hours_until >= $1 FROM status_rollup), false)',
    expired: 'bucket < $1 AND bucket < (SELECT hours_until FROM status_rollup)',
  },
  {
    name: 'status_1h',
    digits: 6,
    column: 'bucket',
    keptMs: (keep) => keep.hoursMs,
    isRolledUp: () => 'coalesce((SELECT days_until >= $1 FROM status_rollup), false)',
    expired: 'bucket < $1 AND bucket < (SELECT days_until FROM status_rollup)',
  },
  {
    name: 'status_1d',
    digits: 4,
    column: 'bucket',
    keptMs: (keep) => keep.daysMs,
    isRolledUp: () => '$1::timestamptz IS NOT NULL',
    expired: 'bucket < $1',
  },
  {
    name: 'template_counts',
    digits: 6,
    column: 'day',
    keptMs: templatesKeptMs,
    isRolledUp: () => '$1::timestamptz IS NOT NULL',
    expired: 'day < $1',
  },
  {
    name: 'template_hours',
    digits: 8,
    column: 'hour',
    keptMs: () => TEMPLATE_HOURS_KEPT_MS,
    isRolledUp: () => '$1::timestamptz IS NOT NULL',
    expired: 'hour < $1',
  },
  {
    name: 'ai_work_hours',
    digits: 6,
    column: 'hour',
    keptMs: (keep) => keep.hoursMs,
    isRolledUp: () => '$1::timestamptz IS NOT NULL',
    expired: 'hour < $1',
  },
];

/** Reports are made of yesterday and last week, and looked at again for some days. */
const TEMPLATE_HOURS_KEPT_MS = 10 * DAY_MS;

/** Partitions that are made ahead, counted from now: an orchestrator that misses a night loses nothing by it. */
const AHEAD = 3;
/** One replica tends the partitions at a time; another one's turn is soon enough. */
const PARTITION_LOCK = 0x6e73_7633; // "nsv3"
/**
 * Making or dropping a partition waits for whoever reads the table, and everybody else then waits for that. A backup reads for hours: after
 * this time it is given up and tried again at the next round.
 */
const LOCK_TIMEOUT_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** What could not be done now, because somebody holds the table. */
export interface TendedPartitions {
  readonly made: readonly string[];
  readonly dropped: readonly string[];
  readonly held: readonly string[];
}

/**
 * Makes the partitions of the last to the next but two day, month and year, and drops those past retention once they were rolled up. `now` is
 * epoch ms. Each is a transaction of its own. Repeat it hourly.
 */
export async function tendPartitions(
  database: Database,
  now: number,
  keep: HistorySettings,
): Promise<TendedPartitions> {
  const made: string[] = [];
  const dropped: string[] = [];
  const held: string[] = [];
  /** Whether the next one of the same table is worth trying. */
  const attempt = async (
    partition: string,
    done: string[],
    work: (transaction: Queryable) => Promise<boolean>,
  ): Promise<boolean> => {
    try {
      const outcome = await database.transaction(async (transaction) => {
        await transaction.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
        await transaction.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK]); // another replica makes one at the moment
        return work(transaction);
      });
      if (outcome) done.push(partition);
      return true;
    } catch (error) {
      if (errorCode(error) !== LOCK_NOT_AVAILABLE) throw error;
      held.push(partition);
      return false;
    }
  };
  for (const table of TABLES) {
    const names = await partitionsOf(database, table);
    const current = indexAt(table, now);
    for (let index = current - 1; index <= current + AHEAD; index++) {
      const name = partitionName(table, index);
      if (names.has(name)) continue;
      if (!(await attempt(name, made, (transaction) => makePartition(transaction, table, index)))) break;
    }
    const keptSince = now - table.keptMs(keep);
    for (const name of names) {
      const index = partitionIndex(table, name);
      if (index === undefined || startOf(table, index + 1) > keptSince) continue;
      if (!(await attempt(name, dropped, (transaction) => dropPartition(transaction, table, index)))) break;
    }
    await database.query(`DELETE FROM ${table.name}_default WHERE ${table.expired}`, [new Date(keptSince)]);
  }
  return { made, dropped, held };
}

async function partitionsOf(database: Queryable, table: PartitionedTable): Promise<Set<string>> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT child.relname AS name FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
     WHERE inhparent = $1::regclass ORDER BY child.relname`,
    [table.name],
  );
  return new Set(rows.map((row) => row.name));
}

/**
 * A table is filled with what the default partition already holds of that time, then attached: creating the partition
 * directly would be refused as long as a clock that ran ahead has left rows there. All identifiers are ours: digits of a date.
 */
async function makePartition(transaction: Queryable, table: PartitionedTable, index: number): Promise<boolean> {
  const name = partitionName(table, index);
  if (await exists(transaction, name)) return false; // another replica was first
  const [from, to] = [startOf(table, index), startOf(table, index + 1)].map((at) => new Date(at).toISOString());
  await transaction.query(`CREATE TABLE ${name} (LIKE ${table.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await transaction.query(
    `WITH gone AS (DELETE FROM ${table.name}_default WHERE ${table.column} >= $1 AND ${table.column} < $2 RETURNING *)
     INSERT INTO ${name} SELECT * FROM gone`,
    [from, to],
  );
  await transaction.query(
    `ALTER TABLE ${table.name} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
  );
  return true;
}

async function dropPartition(transaction: Queryable, table: PartitionedTable, index: number): Promise<boolean> {
  const name = partitionName(table, index);
  if (!(await exists(transaction, name))) return false;
  const { rows } = await transaction.query<{ rolled_up: boolean }>(`SELECT ${table.isRolledUp(name)} AS rolled_up`, [
    new Date(startOf(table, index + 1)),
  ]);
  if (rows[0]?.rolled_up !== true) return false;
  await transaction.query(`DROP TABLE ${name}`);
  return true;
}

async function exists(transaction: Queryable, name: string): Promise<boolean> {
  const { rows } = await transaction.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [name]);
  return rows[0]?.found === true;
}

/** The day, `YYYY-MM-DD`, whose heartbeats a table of this name holds; `undefined`: it is none of these. */
export function statusPartitionDay(name: string): string | undefined {
  const match = /^agent_status_(\d{4})(\d{2})(\d{2})$/.exec(name);
  return match === null ? undefined : `${match[1]}-${match[2]}-${match[3]}`;
}

/** Days, months or years since 1970. */
function indexAt({ digits }: PartitionedTable, at: number): number {
  const date = new Date(at);
  if (digits === 8) return Math.floor(at / DAY_MS);
  return digits === 6 ? (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth() : date.getUTCFullYear() - 1970;
}

function startOf({ digits }: PartitionedTable, index: number): number {
  if (digits === 8) return index * DAY_MS;
  return digits === 6 ? Date.UTC(1970, index, 1) : Date.UTC(1970 + index, 0, 1);
}

function partitionName(table: PartitionedTable, index: number): string {
  const day = new Date(startOf(table, index)).toISOString().slice(0, 10).replaceAll('-', '');
  return `${table.name}_${day.slice(0, table.digits)}`;
}

function partitionIndex(table: PartitionedTable, name: string): number | undefined {
  const digits = name.slice(table.name.length + 1);
  if (!/^\d+$/.test(digits) || digits.length !== table.digits) return undefined;
  const padded = `${digits}0101`.slice(0, 8);
  const date = `${padded.slice(0, 4)}-${padded.slice(4, 6)}-${padded.slice(6)}T00:00:00Z`;
  return indexAt(table, Date.parse(date));
}
