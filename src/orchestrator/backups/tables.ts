import type { BackupSequence, BackupTable } from '../../contract/backup.ts';
import type { Queryable } from '../database/database.ts';
import { statusPartitionDay } from '../database/partitions.ts';

/** A table, or a partition, with rows of its own. */
export type TableShape = Pick<BackupTable, 'name' | 'columns' | 'partition'>;

/** Names and bounds come back from the archive into statements, so they are held to what ours look like. */
const NAME_PATTERN = /^[a-z_][a-z0-9_]{0,62}$/;
const BOUND_PATTERN = /^(DEFAULT|FOR VALUES FROM \('[^'\\;]{1,60}'\) TO \('[^'\\;]{1,60}'\))$/;

/** Files of reports are made again from the facts when somebody asks: they would be most of a small database's backup. */
const LEFT_OUT = ['report_files.content'];

/**
 * What this schema's tables look like, in the order of their names; columns that Postgres computes by itself are none, nor are those that a
 * backup leaves out.
 */
export async function readTables(database: Queryable): Promise<TableShape[]> {
  const { rows } = await database.query<{
    name: string;
    columns: string[];
    of: string | null;
    bound: string | null;
  }>(
    `SELECT class.relname AS name, parent.relname AS of, pg_get_expr(class.relpartbound, class.oid) AS bound,
       ARRAY(SELECT attname::text FROM pg_attribute
         WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
           AND class.relname || '.' || attname <> ALL($1) ORDER BY attnum) AS columns
     FROM pg_class AS class
     LEFT JOIN pg_inherits ON inhrelid = class.oid
     LEFT JOIN pg_class AS parent ON parent.oid = inhparent
     WHERE class.relkind = 'r' AND class.relnamespace = current_schema()::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = class.oid AND deptype = 'e')
     ORDER BY class.relname COLLATE "C"`,
    [LEFT_OUT],
  );
  return rows.map(({ name, columns, of, bound }) => {
    const shape = of === null || bound === null ? { name, columns } : { name, columns, partition: { of, bound } };
    if (!isSoundShape(shape)) throw new Error(`table ${name} has a name or bound that backups are not made for`);
    return shape;
  });
}

/** Whether the names in it may stand in a statement. */
export function isSoundShape({ name, columns, partition }: TableShape): boolean {
  const names = [name, ...columns, ...(partition === undefined ? [] : [partition.of])];
  return names.every((one) => NAME_PATTERN.test(one)) && BOUND_PATTERN.test(partition?.bound ?? 'DEFAULT');
}

/** Raw heartbeats of days before `since` (`YYYY-MM-DD`) stay behind: their day's partition is not taken. */
export function isOldBeats({ name }: TableShape, since: string): boolean {
  const day = statusPartitionDay(name);
  return day !== undefined && day < since;
}

/** The numbers that columns have got so far. Read after the rows, they are never behind them. */
export async function readSequences(database: Queryable): Promise<BackupSequence[]> {
  const { rows } = await database.query<{ table: string; column: string; last: number }>(
    `SELECT found.table, found.column, last_value AS last
     FROM (
       SELECT relname::text AS table, attname::text AS column,
         pg_get_serial_sequence(quote_ident(relname), attname)::regclass AS sequence
       FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
       WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = current_schema()::regnamespace
         AND attnum > 0 AND NOT attisdropped
     ) AS found
     JOIN pg_sequence ON seqrelid = found.sequence
     JOIN pg_sequences ON (quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass = found.sequence
     WHERE last_value IS NOT NULL
     ORDER BY found.table, found.column`,
  );
  return rows;
}

/** The head of a table's rows, as psql reads it; each name in it is sound. */
export function copyHead({ name, columns }: TableShape): string {
  return `COPY ${quote(name)} (${columns.map(quote).join(', ')}) FROM stdin;\n`;
}

export function copyOutStatement({ name, columns }: TableShape): string {
  return `COPY ${quote(name)} (${columns.map(quote).join(', ')}) TO STDOUT`;
}

export function quote(name: string): string {
  return `"${name}"`;
}
