import { NervesysError } from '../../../platform/errors.ts';
import type { Queryable } from '../database.ts';

/** One change of what is desired at a time, whichever replica makes it. */
const CONFIG_LOCK = 0x6e73_7635; // "nsv5"

export interface ConfigHead {
  /** What the source holds now. */
  readonly found: string | null;
  /** What all are to run outside of a rollout. */
  readonly settled: string | null;
}

/** The head, held until the transaction ends: whoever changes what is desired begins with this. */
export async function holdConfigHead(transaction: Queryable): Promise<ConfigHead> {
  await transaction.query('SELECT pg_advisory_xact_lock($1)', [CONFIG_LOCK]);
  return readConfigHead(transaction);
}

export async function readConfigHead(database: Queryable): Promise<ConfigHead> {
  const { rows } = await database.query<ConfigHead>('SELECT found, settled FROM config_head');
  if (rows[0] === undefined) throw new NervesysError('NSV_INTERNAL', 'config_head is empty');
  return rows[0];
}

export async function moveConfigHead(transaction: Queryable, head: Partial<ConfigHead>): Promise<void> {
  await transaction.query('UPDATE config_head SET found = coalesce($1, found), settled = coalesce($2, settled)', [
    head.found ?? null,
    head.settled ?? null,
  ]);
}
