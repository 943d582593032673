import type { TakenAiWork } from '../../triage/check-ai-work.ts';
import type { Queryable } from '../database.ts';

const COUNTS = [
  'calls',
  'failed_calls',
  'input_tokens',
  'output_tokens',
  'tool_calls',
  'tool_failures',
  'costed_calls',
  'uncosted_input_tokens',
  'uncosted_output_tokens',
] as const;

/** Adds up what a server tells, within the transaction in which its request is noted, so that none counts twice. */
export async function recordAiWork(
  transaction: Queryable,
  server: string,
  told: readonly TakenAiWork[],
): Promise<void> {
  if (told.length === 0) return;
  const columns = [...COUNTS, 'cost_usd'] as const;
  await transaction.query(
    `INSERT INTO ai_work_hours AS known (server, agent_id, hour, model, ${columns.join(', ')})
     SELECT $1, agent_id, hour, model, ${columns.map((column) => `sum(${column})`).join(', ')}
     FROM unnest($2::text[], $3::timestamptz[], $4::text[], ${COUNTS.map((_, n) => `$${n + 5}::bigint[]`).join(', ')}, $${COUNTS.length + 5}::numeric[])
       AS told (agent_id, hour, model, ${columns.join(', ')})
     GROUP BY agent_id, hour, model ORDER BY agent_id, hour, model
     ON CONFLICT (server, agent_id, hour, model)
     DO UPDATE SET ${columns.map((column) => `${column} = known.${column} + excluded.${column}`).join(', ')}`,
    [
      server,
      told.map(({ agentId }) => agentId),
      told.map(({ at }) => at),
      told.map(({ model }) => model),
      ...COUNTS.map((column) => told.map((one) => one[column])),
      told.map((one) => one.cost_usd),
    ],
  );
}
