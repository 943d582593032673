import { type Static, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { TEMPLATE_DAYS_BACK_MAX } from '../../contract/fleet-templates.ts';
import { AGENT_ID_LENGTH_MAX, parseAgentId } from '../../contract/ids.ts';
import { type AiWorkCount, MODEL_NAME_LENGTH_MAX } from '../../contract/triage.ts';
import { holdable } from '../database/storable.ts';

/** No server does more of anything within minutes. */
const COUNT_MAX = 1e12;
const COST_MAX = 1e9;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const count = (description: string) => Type.Integer({ minimum: 0, maximum: COUNT_MAX, description });

/** What an AI agent did with a model in an hour, as its server tells it. Unknown fields are let pass and not kept. */
export const AiWorkCountSchema = Type.Object(
  {
    agent_id: Type.String({ minLength: 1, maxLength: AGENT_ID_LENGTH_MAX }),
    model: Type.Union([Type.String({ maxLength: MODEL_NAME_LENGTH_MAX }), Type.Null()], {
      description: 'null: it is not said',
    }),
    day: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    hour: Type.Integer({ minimum: 0, maximum: 23, description: 'of that day, UTC' }),
    calls: count('calls of the model, those that failed included'),
    failed_calls: count('of them those that failed'),
    input_tokens: count('as the source counts them'),
    output_tokens: count('as the source counts them'),
    tool_calls: count('tools that were called'),
    tool_failures: count('of them those that failed'),
    cost_usd: Type.Number({ minimum: 0, maximum: COST_MAX, description: 'of the calls whose records tell it' }),
    costed_calls: count('how many these are'),
    uncosted_input_tokens: count('of the others'),
    uncosted_output_tokens: count('of the others'),
  },
  { $id: 'AiWorkCount' },
);

const checker = TypeCompiler.Compile(AiWorkCountSchema);

/** An entry with the hour that it is of. */
export interface TakenAiWork extends Omit<AiWorkCount, 'agent_id' | 'model' | 'day' | 'hour'> {
  readonly agentId: string;
  /** Empty: it isn't said. */
  readonly model: string;
  readonly at: Date;
}

/** One entry as a server told it, checked; `undefined`: it is none. An hour that no clock can mean is the one of `now` (epoch ms). */
export function checkAiWork(value: unknown, now: number): TakenAiWork | undefined {
  if (!checker.Check(value)) return undefined;
  const { agent_id: agentId, model, day, hour, ...told }: Static<typeof AiWorkCountSchema> = value;
  if (parseAgentId(agentId) === undefined) return undefined;
  const at = Date.parse(`${day}T${String(hour).padStart(2, '0')}:00:00Z`);
  const isMeant = at >= now - TEMPLATE_DAYS_BACK_MAX * DAY_MS && at <= now + DAY_MS;
  return {
    agentId: holdable(agentId),
    model: holdable(model ?? ''),
    at: new Date(isMeant ? at : Math.floor(now / HOUR_MS) * HOUR_MS),
    calls: told.calls,
    failed_calls: told.failed_calls,
    input_tokens: told.input_tokens,
    output_tokens: told.output_tokens,
    tool_calls: told.tool_calls,
    tool_failures: told.tool_failures,
    cost_usd: told.cost_usd,
    costed_calls: told.costed_calls,
    uncosted_input_tokens: told.uncosted_input_tokens,
    uncosted_output_tokens: told.uncosted_output_tokens,
  };
}
