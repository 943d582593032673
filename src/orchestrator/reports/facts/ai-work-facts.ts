import type { ReportSettings } from '../../../config/index.ts';
import { AI_WORK_MAX, type AiWorkFact, type AiWorkFacts } from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import type { FactsWindow } from './facts-window.ts';
import { wholeHours } from './whole-hours.ts';

type ModelPrices = ReportSettings['modelPrices'];

const MILLION = 1e6;
const COST_DIGITS = 6;

/** What AI agents did with models in the period; null: nothing is told by any of them then. `prices`: for calls whose records tell no cost. */
export async function gatherAiWork(
  database: Queryable,
  window: Pick<FactsWindow, 'startsAt' | 'endsAt' | 'slots'>,
  prices: ModelPrices,
): Promise<AiWorkFacts | null> {
  const { from, to } = wholeHours(window);
  const { rows } = await database.query<WorkRow & { readonly agent_id: string }>(
    `SELECT agent_id, model, ${SUMS} FROM ai_work_hours WHERE hour >= $1 AND hour < $2 GROUP BY agent_id, model`,
    [from, to],
  );
  if (rows.length === 0) return null;
  const facts = rows.map((row) => ({ row, fact: factOf(row, prices) }));
  const { cost, isPartial } = costOf(rows, prices);
  const sum = (of: (typeof WORK_COLUMNS)[number]) => rows.reduce((total, row) => total + row[of], 0);
  return {
    calls: sum('calls'),
    failed_calls: sum('failed_calls'),
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    tool_calls: sum('tool_calls'),
    tool_failures: sum('tool_failures'),
    cost_usd: cost,
    cost_is_partial: cost !== null && isPartial,
    by_agent_model: facts
      .map(({ fact }) => fact)
      .sort(byCost)
      .slice(0, AI_WORK_MAX),
    total: facts.length,
    tokens_by_slot: await tokensBySlot(database, window.slots),
  };
}

export interface AiTotals {
  readonly calls: number;
  readonly tokens: number;
  /** Null: it isn't known of any. */
  readonly costUsd: number | null;
}

/** Of each day, in the order given; null: nothing is told of that day. */
export async function aiTotalsByDay(
  database: Queryable,
  days: readonly Pick<FactsWindow, 'startsAt' | 'endsAt'>[],
  prices: ModelPrices,
): Promise<(AiTotals | null)[]> {
  const { rows } = await database.query<DayRow>(
    `SELECT n, model, ${sumsOf(['calls', 'input_tokens', 'output_tokens', ...COST_COLUMNS])}
     FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS days (starts_at, ends_at, n)
     JOIN ai_work_hours ON hour >= days.starts_at AND hour < days.ends_at GROUP BY n, model`,
    [days.map((day) => wholeHours(day).from), days.map((day) => wholeHours(day).to)],
  );
  const byDay = Map.groupBy(rows, ({ n }) => n);
  return days.map((_, index) => {
    const own = byDay.get(index + 1);
    if (own === undefined) return null;
    return {
      calls: own.reduce((sum, { calls }) => sum + calls, 0),
      tokens: own.reduce((sum, row) => sum + row.input_tokens + row.output_tokens, 0),
      costUsd: costOf(own, prices).cost,
    };
  });
}

/** What the cost of some work follows from. */
interface CostRow {
  /** Empty: it isn't said. */
  readonly model: string;
  readonly told_cost: number;
  readonly costed_calls: number;
  readonly uncosted_input_tokens: number;
  readonly uncosted_output_tokens: number;
}

interface WorkRow extends CostRow {
  readonly calls: number;
  readonly failed_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly tool_calls: number;
  readonly tool_failures: number;
}

type DayRow = Pick<WorkRow, keyof CostRow | 'calls' | 'input_tokens' | 'output_tokens'> & { readonly n: number };

const COST_COLUMNS = ['costed_calls', 'uncosted_input_tokens', 'uncosted_output_tokens'] as const;
const WORK_COLUMNS = ['calls', 'failed_calls', 'input_tokens', 'output_tokens', 'tool_calls', 'tool_failures'] as const;

function sumsOf(columns: readonly string[]): string {
  const sums = columns.map((column) => `sum(${column})::bigint AS ${column}`);
  return [...sums, 'coalesce(sum(cost_usd) FILTER (WHERE cost_usd > 0), 0)::float8 AS told_cost'].join(', ');
}

const SUMS = sumsOf([...WORK_COLUMNS, ...COST_COLUMNS]);

function factOf(row: WorkRow & { readonly agent_id: string }, prices: ModelPrices): AiWorkFact {
  return {
    agent_id: row.agent_id,
    model: row.model === '' ? null : row.model,
    calls: row.calls,
    failed_calls: row.failed_calls,
    input_tokens: row.input_tokens,
    output_tokens: row.output_tokens,
    tool_calls: row.tool_calls,
    tool_failures: row.tool_failures,
    cost_usd: costOf([row], prices).cost,
  };
}

/** As told, else by the price of the model. `isPartial`: some tokens have neither. Null: there is no cost of any. */
function costOf(
  rows: readonly CostRow[],
  prices: ModelPrices,
): { readonly cost: number | null; readonly isPartial: boolean } {
  let cost: number | null = null;
  let isPartial = false;
  for (const row of [...rows].sort((a, b) =>
    a.model < b.model ? -1 : a.model > b.model ? 1 : a.told_cost - b.told_cost,
  )) {
    if (row.costed_calls > 0) cost = (cost ?? 0) + row.told_cost;
    if (row.uncosted_input_tokens + row.uncosted_output_tokens === 0) continue;
    const price = priceOf(row.model, prices);
    if (price === undefined) isPartial = true;
    else
      cost =
        (cost ?? 0) + (row.uncosted_input_tokens * price.input + row.uncosted_output_tokens * price.output) / MILLION;
  }
  return { cost: cost === null ? null : Number(cost.toFixed(COST_DIGITS)), isPartial };
}

/** The first that fits; `*` at the end stands for anything. Pure. */
export function priceOf(model: string, prices: ModelPrices): ModelPrices[number] | undefined {
  if (model === '') return undefined;
  return prices.find((price) =>
    price.model.endsWith('*') ? model.startsWith(price.model.slice(0, -1)) : model === price.model,
  );
}

function byCost(a: AiWorkFact, b: AiWorkFact): number {
  const tokens = (fact: AiWorkFact) => fact.input_tokens + fact.output_tokens;
  return (
    (b.cost_usd ?? 0) - (a.cost_usd ?? 0) ||
    tokens(b) - tokens(a) ||
    b.tool_calls - a.tool_calls ||
    (`${a.agent_id}\n${a.model ?? ''}` < `${b.agent_id}\n${b.model ?? ''}` ? -1 : 1)
  );
}

async function tokensBySlot(database: Queryable, slots: FactsWindow['slots']): Promise<number[]> {
  const hours = slots.map((slot) => wholeHours({ startsAt: new Date(slot.starts_at), endsAt: new Date(slot.ends_at) }));
  const { rows } = await database.query<{ tokens: number }>(
    `SELECT (SELECT coalesce(sum(input_tokens + output_tokens), 0)::bigint FROM ai_work_hours
       WHERE hour >= slots.starts_at AND hour < slots.ends_at) AS tokens
     FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS slots (starts_at, ends_at, n) ORDER BY n`,
    [hours.map(({ from }) => from), hours.map(({ to }) => to)],
  );
  return rows.map(({ tokens }) => tokens);
}
