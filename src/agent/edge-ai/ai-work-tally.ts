import type { AgentId } from '../../contract/ids.ts';
import { type AiWorkCount, MODEL_NAME_LENGTH_MAX } from '../../contract/triage.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { BoundedMap } from './detectors/bounded-map.ts';
import type { AiEvent, AiWork } from './detectors/index.ts';
import { copyOf, hash } from './detectors/marks.ts';

/*
 * What AI agents do with models, counted by AI agent, model and hour from what the detectors have read of their records anyhow.
 *
 * One call is often told more than once: by the span of the SDK, the log of the framework, the line of the program. It counts once:
 * - only records count that tell tokens, or that a call failed; spans that gather what is below them tell none (sources/otlp/normalise.ts), and
 *   metrics are left out altogether (detectors/event-fields.ts);
 * - of two with the same id (the answer's, the tool call's) the first counts;
 * - of a span, and a log without an id that was written within it, the first counts. Two logs within one span are two calls.
 *
 * Tools are counted to the model that their AI agent used last, for nobody else asks for them.
 */

/** Rows of an AI agent, a model and an hour at one time. Past it, what comes counts to an hour that has a row. */
const ROWS_MAX = 1_000;
/** Of one AI agent; names of more are made up by somebody, and count as not said. */
const MODELS_MAX = 20;
/** AI agents that are known by what came before; of others calls may count twice. */
const AGENTS_MAX = 100;
/** Of each, so many of the latest ids and spans are known again: spans come seconds after their logs. */
const KNOWN_MAX = 64;
/** Tools without ids whose call was told and whose end wasn't. */
const OPEN_TOOLS_MAX = 32;
const HOUR_MS = 3_600_000;
/** Sums of floating point are told to the billionth. */
const COST_DIGITS = 9;

type Row = { -readonly [Key in Exclude<keyof AiWorkCount, 'agent_id' | 'model' | 'day' | 'hour'>]: number };

interface Worker {
  /** By model (empty: not said) and hour (since 1970). */
  readonly rows: Map<string, Map<number, Row>>;
  model: string;
}

interface Memory {
  readonly known: BoundedMap<string, true>;
  readonly openTools: BoundedMap<string, number>;
}

/** Counts until somebody takes the counts. */
export class AiWorkTally {
  readonly #workers = new Map<AgentId, Worker>();
  readonly #memories = new BoundedMap<AgentId, Memory>(AGENTS_MAX);
  #rows = 0;
  #uncounted = 0;

  get isEmpty(): boolean {
    return this.#rows === 0;
  }

  /** Calls and tools for which there was no room. */
  get uncounted(): number {
    return this.#uncounted;
  }

  /** `events`: what each of the records tells. `now`: time of arrival, epoch ms. */
  count(records: readonly EncodedRecord[], events: readonly (AiEvent | null)[], now: number): void {
    for (let index = 0; index < events.length; index++) {
      const work = events[index]?.work;
      if (work !== undefined) this.#add(records[index]!.agentId, work, Math.floor(now / HOUR_MS));
    }
  }

  /** All that was counted; from now on it is counted anew. */
  take(): AiWorkCount[] {
    const counts: AiWorkCount[] = [];
    for (const [agentId, { rows }] of this.#workers)
      for (const [model, byHour] of rows)
        for (const [hour, row] of byHour) counts.push(countOf(agentId, model, hour, row));
    for (const [agentId, worker] of this.#workers) {
      if (worker.rows.size === 0)
        this.#workers.delete(agentId); // it has been idle since the counts were taken before
      else worker.rows.clear();
    }
    this.#rows = 0;
    return counts;
  }

  #add(agentId: AgentId, work: AiWork, hour: number): void {
    const memory = this.#memories.take(agentId, newMemory);
    if (work.type === 'tool') {
      const { calls, failures } = toolIn(work, memory);
      if (calls + failures === 0) return;
      const row = this.#rowOf(agentId, undefined, hour);
      if (row === undefined) return;
      row.tool_calls += calls;
      row.tool_failures += failures;
      return;
    }
    if (isKnown(work, 'call', memory)) return;
    const row = this.#rowOf(agentId, work.model, hour);
    if (row === undefined) return;
    row.calls++;
    if (work.isFailed) row.failed_calls++;
    row.input_tokens += work.inputTokens;
    row.output_tokens += work.outputTokens;
    if (work.cost === undefined) {
      row.uncosted_input_tokens += work.inputTokens;
      row.uncosted_output_tokens += work.outputTokens;
    } else {
      row.costed_calls++;
      row.cost_usd += work.cost;
    }
  }

  /** `model` undefined: the one that was used last. */
  #rowOf(agentId: AgentId, told: string | undefined, hour: number): Row | undefined {
    let worker = this.#workers.get(agentId);
    if (worker === undefined) {
      if (this.#workers.size >= ROWS_MAX) return this.#noRoom();
      worker = { rows: new Map(), model: '' };
      this.#workers.set(agentId, worker);
    }
    if (told !== undefined) worker.model = cleaned(told);
    let byHour = worker.rows.get(worker.model);
    if (byHour === undefined && worker.rows.size >= MODELS_MAX) {
      worker.model = '';
      byHour = worker.rows.get('');
    }
    const known = byHour?.get(hour);
    if (known !== undefined) return known;
    if (this.#rows >= ROWS_MAX) return [...(byHour?.values() ?? [])].at(-1) ?? this.#noRoom();
    if (byHour === undefined) {
      byHour = new Map();
      worker.rows.set(worker.model, byHour);
    }
    const row = newRow();
    byHour.set(hour, row);
    this.#rows++;
    return row;
  }

  #noRoom(): undefined {
    this.#uncounted++;
    return undefined;
  }
}

function newMemory(): Memory {
  return { known: new BoundedMap(KNOWN_MAX), openTools: new BoundedMap(OPEN_TOOLS_MAX) };
}

function newRow(): Row {
  return {
    calls: 0,
    failed_calls: 0,
    input_tokens: 0,
    output_tokens: 0,
    tool_calls: 0,
    tool_failures: 0,
    cost_usd: 0,
    costed_calls: 0,
    uncosted_input_tokens: 0,
    uncosted_output_tokens: 0,
  };
}

/** Whether another record has told of the same; notes that this one has. */
function isKnown({ id, span, isSpan }: AiWork, what: string, { known }: Memory): boolean {
  const has = (key: string) => known.get(`${what}\n${key}`) !== undefined;
  const note = (key: string) => known.set(`${what}\n${key}`, true);
  const isNamed = id !== undefined;
  const ofSpan = (by: 'span' | 'named log' | 'log') => `${by}\n${span}`;
  // Logs of one span that have ids of their own are calls of their own, unless the span has none to be told from them.
  const was =
    (isNamed && has(`id\n${hash(id)}`)) ||
    (span !== undefined &&
      (isSpan ? has(ofSpan('log')) || (!isNamed && has(ofSpan('named log'))) : !isNamed && has(ofSpan('span'))));
  if (isNamed) note(`id\n${hash(id)}`);
  if (span !== undefined) note(ofSpan(isSpan ? 'span' : isNamed ? 'named log' : 'log'));
  return was;
}

/** What a record of a tool adds: its call once, and its failure. */
function toolIn(
  work: AiWork & { type: 'tool' },
  memory: Memory,
): { readonly calls: number; readonly failures: number } {
  const { tool, hasEnded, isFailed, id, isSpan } = work;
  const failures = isFailed ? 1 : 0;
  if (id !== undefined) {
    const isEndKnown = hasEnded && isKnown(work, 'end', memory);
    return { calls: isKnown(work, 'tool', memory) || isEndKnown ? 0 : 1, failures: isEndKnown ? 0 : failures };
  }
  if (isKnown(work, 'tool', memory)) return { calls: 0, failures: 0 };
  if (isSpan) return { calls: 1, failures };
  // Without an id, an end belongs to a call of that tool that has none yet.
  const { openTools } = memory;
  const open = openTools.get(tool) ?? 0;
  if (!hasEnded) openTools.set(tool, open + 1);
  else if (open > 0) openTools.set(tool, open - 1);
  return { calls: hasEnded && open > 0 ? 0 : 1, failures };
}

function cleaned(model: string): string {
  const name = model
    .slice(0, 2 * MODEL_NAME_LENGTH_MAX)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return copyOf(name.slice(0, MODEL_NAME_LENGTH_MAX));
}

function countOf(agentId: AgentId, model: string, hour: number, row: Row): AiWorkCount {
  const at = new Date(hour * HOUR_MS);
  return {
    agent_id: agentId,
    model: model === '' ? null : model,
    day: at.toISOString().slice(0, 10),
    hour: at.getUTCHours(),
    ...row,
    cost_usd: Number(row.cost_usd.toFixed(COST_DIGITS)),
  };
}
