import type { Database, Queryable } from './database.ts';
import { whileAlone } from './while-alone.ts';

/** Beats are kept this long; then their day's partition is dropped whole. */
export const STATUS_RETENTION_DAYS = 35;
/** Days that get their partition ahead, counted from today: an orchestrator that misses a night loses nothing by it. */
const DAYS_AHEAD = 3;
const DAY_MS = 86_400_000;
/** One replica tends the partitions at a time; another one's turn is soon enough. */
const PARTITION_LOCK = 0x6e73_7633; // "nsv3"
const NAME_PATTERN = /^agent_status_(\d{4})(\d{2})(\d{2})$/;

/** Makes the partitions of yesterday to `DAYS_AHEAD`, drops those past retention. `now` is epoch ms. Repeat it hourly. */
export async function tendPartitions(database: Database, now: number): Promise<void> {
  await whileAlone(database, PARTITION_LOCK, async (transaction) => {
    const found = await transaction.query<{ name: string }>(
      `SELECT child.relname AS name FROM pg_inherits
       JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
       WHERE parent.oid = 'agent_status'::regclass`,
    );
    const names = new Set(found.rows.map((row) => row.name));
    const today = Math.floor(now / DAY_MS);
    for (let day = today - 1; day <= today + DAYS_AHEAD; day++) {
      if (!names.has(partitionName(day))) await createPartition(transaction, day);
    }
    const oldest = today - STATUS_RETENTION_DAYS;
    for (const name of names) {
      const day = partitionDay(name);
      if (day !== undefined && day < oldest) await transaction.query(`DROP TABLE ${name}`);
    }
    await transaction.query('DELETE FROM agent_status_default WHERE received_at < $1', [new Date(oldest * DAY_MS)]);
  });
}

/**
 * A table is filled with what the default partition already holds of that day, then attached: creating the partition
 * directly would be refused as long as a clock that ran ahead has left rows there. All identifiers are ours: digits of a day.
 */
async function createPartition(transaction: Queryable, day: number): Promise<void> {
  const name = partitionName(day);
  const [from, to] = [new Date(day * DAY_MS).toISOString(), new Date((day + 1) * DAY_MS).toISOString()];
  await transaction.query(`CREATE TABLE ${name} (LIKE agent_status INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await transaction.query(
    `WITH gone AS (DELETE FROM agent_status_default WHERE timestamp >= $1 AND timestamp < $2 RETURNING *)
     INSERT INTO ${name} SELECT * FROM gone`,
    [from, to],
  );
  await transaction.query(`ALTER TABLE agent_status ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
}

function partitionName(day: number): string {
  return `agent_status_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** The day, `YYYY-MM-DD`, whose heartbeats a table of this name holds; `undefined`: it is none of these. */
export function statusPartitionDay(name: string): string | undefined {
  const match = NAME_PATTERN.exec(name);
  return match === null ? undefined : `${match[1]}-${match[2]}-${match[3]}`;
}

function partitionDay(name: string): number | undefined {
  const match = NAME_PATTERN.exec(name);
  return match === null ? undefined : Date.parse(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`) / DAY_MS;
}
