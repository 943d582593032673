import { LEVELS, type LevelCounts } from '../../../contract/record.ts';
import type { AgentSlot, Spread, VitalsFacts } from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import { VITALS } from '../../database/rollup-columns.ts';
import { type BeatSource, type BeatStretch, beatParams, beatRows } from './beat-rows.ts';

/**
 * What beats tell over a period: vitals and records. Each function is one statement over the roll-up, whose answer has as many rows as there
 * are AI agents, servers or slots: never one a beat.
 */

/** `cpu_percent: { p50, p95, max }` and so on; null where no beat had that vital. */
type Vital = (typeof VITALS)[number][0];
type SpreadRow = { readonly [V in Vital as `${V}_spread`]: readonly [number, number] | null } & {
  readonly [V in Vital as `${V}_most`]: number | null;
};
type LevelRow = Readonly<Record<Lowercase<keyof LevelCounts>, number>>;

// Sums as double precision: what hostile beats tell can be beyond what a whole number holds, and is then told roughly.
const LEVEL_SUMS = LEVELS.map((level) => `sum(${level.toLowerCase()})::float8 AS ${level.toLowerCase()}`).join(', ');
const RECORDS = LEVELS.map((level) => level.toLowerCase()).join(' + ');
const ERRORS = 'error + critical';
const SPREADS = VITALS.map(
  ([vital]) => `percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ${vital}_avg) AS ${vital}_spread,
    max(${vital}_max)::float8 AS ${vital}_most`,
).join(', ');
/** The mean and the most of a group of rows. */
const MEANS = VITALS.map(
  ([vital]) => `${meanOf(vital)}::float8 AS ${vital}_avg, max(${vital}_max)::float8 AS ${vital}_max`,
).join(', ');

export interface AgentBeats {
  readonly server: string;
  readonly agentId: string;
  readonly levelCounts: LevelCounts;
  readonly vitals: VitalsFacts;
}

/** Of those that were heard of in it. */
export async function readAgentBeats(
  database: Queryable,
  source: BeatSource,
  stretch: BeatStretch,
): Promise<AgentBeats[]> {
  const { rows } = await database.query<{ server: string; agent_id: string } & SpreadRow & LevelRow>(
    `SELECT server, agent_id, ${LEVEL_SUMS}, ${SPREADS} FROM ${beatRows(source)} AS beats GROUP BY server, agent_id`,
    beatParams(stretch),
    { patient: true },
  );
  return rows.map((row) => ({
    server: row.server,
    agentId: row.agent_id,
    levelCounts: toLevelCounts(row),
    vitals: toVitals(row),
  }));
}

export interface ServerBeats {
  readonly server: string;
  readonly vitals: VitalsFacts;
  readonly lostRecords: number;
  readonly droppedRecords: number;
  readonly backlogRecordsMost: number;
  readonly oldestUnarchivedSecondsMost: number;
}

/** Counters are the server's, and each of its AI agents tells the same: of a step the most of any, not the sum. */
export async function readServerBeats(
  database: Queryable,
  source: BeatSource,
  stretch: BeatStretch,
): Promise<ServerBeats[]> {
  const { rows } = await database.query<
    { server: string; lost: number; dropped: number; backlog: number; oldest: number } & SpreadRow
  >(
    `SELECT server, ${SPREADS}, sum(lost)::float8 AS lost, sum(dropped)::float8 AS dropped, max(backlog)::float8 AS backlog,
       max(oldest)::float8 AS oldest
     FROM (SELECT server, bucket, ${MEANS}, max(lost) AS lost, max(dropped) AS dropped, max(backlog_max) AS backlog,
         max(oldest_unarchived_max) AS oldest
       FROM ${beatRows(source)} AS beats GROUP BY server, bucket) AS steps
     GROUP BY server`,
    beatParams(stretch),
    { patient: true },
  );
  return rows.map((row) => ({
    server: row.server,
    vitals: toVitals(row),
    lostRecords: row.lost,
    droppedRecords: row.dropped,
    backlogRecordsMost: row.backlog,
    oldestUnarchivedSecondsMost: rounded(row.oldest),
  }));
}

export interface SlotBeats {
  readonly levelCounts: LevelCounts;
  readonly vitals: Omit<VitalsFacts, 'buffer_size_mb'>;
}

/** Of the whole fleet, by the place of the slot; a slot in which nobody was heard is missing. `slots`: their beginnings, ascending. */
export async function readSlotBeats(
  database: Queryable,
  source: BeatSource,
  stretch: BeatStretch,
  slots: readonly Date[],
): Promise<ReadonlyMap<number, SlotBeats>> {
  const { rows } = await database.query<{ slot: number } & SpreadRow & LevelRow>(
    `SELECT slot, ${LEVEL_SUMS}, ${SPREADS}
     FROM (SELECT ${SLOT_OF_BUCKET} AS slot, server, ${LEVEL_SUMS}, ${MEANS}
       FROM ${beatRows(source)} AS beats GROUP BY 1, server) AS means
     GROUP BY slot`,
    [...beatParams(stretch), slots],
    { patient: true },
  );
  return new Map(
    rows.map((row) => {
      const { buffer_size_mb: _, ...vitals } = toVitals(row);
      return [row.slot - 1, { levelCounts: toLevelCounts(row), vitals }];
    }),
  );
}

export interface AgentSlots {
  readonly server: string;
  readonly agentId: string;
  /** By the place of the slot; one in which it wasn't heard is null. */
  readonly slots: readonly (AgentSlot | null)[];
}

/** Of these AI agents; `undefined`: of all, which spares looking each row up. */
export async function readAgentSlots(
  database: Queryable,
  source: BeatSource,
  stretch: BeatStretch,
  slots: readonly Date[],
  agents: readonly { readonly server: string; readonly agentId: string }[] | undefined,
): Promise<AgentSlots[]> {
  const listed = 'JOIN unnest($5::text[], $6::text[]) AS listed (server, agent_id) USING (server, agent_id)';
  const { rows } = await database.query<{ server: string; agent_id: string; slots: number[]; told: AgentSlot[] }>(
    `WITH told AS (
       SELECT server, agent_id, ${SLOT_OF_BUCKET} AS slot, sum(${RECORDS})::float8 AS records, sum(${ERRORS})::float8 AS errors,
         ${['cpu', 'ram', 'disk'].map((vital) => `round(${meanOf(vital)}::numeric, 2) AS ${vital}_percent`).join(', ')}
       FROM ${beatRows(source)} AS beats
       ${agents === undefined ? '' : listed}
       GROUP BY server, agent_id, slot)
     SELECT server, agent_id, array_agg(slot ORDER BY slot) AS slots,
       json_agg(json_build_object('records', records, 'errors', errors, 'cpu_percent', cpu_percent, 'ram_percent', ram_percent,
         'disk_percent', disk_percent) ORDER BY slot) AS told
     FROM told GROUP BY server, agent_id`,
    [
      ...beatParams(stretch),
      slots,
      ...(agents === undefined ? [] : [agents.map(({ server }) => server), agents.map(({ agentId }) => agentId)]),
    ],
    { patient: true },
  );
  return rows.map((row) => {
    const inSlots: (AgentSlot | null)[] = slots.map(() => null);
    for (const [index, slot] of row.slots.entries()) inSlots[slot - 1] = row.told[index]!;
    return { server: row.server, agentId: row.agent_id, slots: inSlots };
  });
}

/** A step in which somebody was heard, and how much time a beat of it stands for at most. */
export interface HeardStep {
  readonly at: Date;
  readonly reachSeconds: number;
}

/** Oldest first. */
export async function readHeardSteps(
  database: Queryable,
  source: BeatSource,
  stretch: BeatStretch,
): Promise<readonly HeardStep[]> {
  const { rows } = await database.query<HeardStep>(
    `SELECT bucket AS at, max(seconds / beats) AS "reachSeconds" FROM ${beatRows(source)} AS beats GROUP BY bucket ORDER BY bucket`,
    beatParams(stretch),
    { patient: true },
  );
  return rows;
}

/** $4: when slots begin. */
const SLOT_OF_BUCKET = 'width_bucket(bucket, $4::timestamptz[])';

function meanOf(vital: string): string {
  return `(sum(${vital}_avg * seconds) / nullif(sum(seconds) FILTER (WHERE ${vital}_avg IS NOT NULL), 0))`;
}

function toVitals(row: SpreadRow): VitalsFacts {
  const spread = (vital: Vital): Spread | null => {
    const [values, max] = [row[`${vital}_spread`], row[`${vital}_most`]];
    if (values === null || max === null) return null;
    return { p50: rounded(values[0]), p95: rounded(values[1]), max: rounded(max) };
  };
  return {
    cpu_percent: spread('cpu'),
    ram_percent: spread('ram'),
    disk_percent: spread('disk'),
    buffer_size_mb: spread('buffer'),
  };
}

function toLevelCounts({ debug, info, warn, error, critical }: LevelRow): LevelCounts {
  return { DEBUG: debug, INFO: info, WARN: warn, ERROR: error, CRITICAL: critical };
}

/** To hundredths: further digits are those of single precision, and change with the order in which beats were rolled up. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
