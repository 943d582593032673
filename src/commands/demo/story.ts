import type { AgentStatus } from '../../contract/heartbeat.ts';
import type { Level } from '../../contract/record.ts';
import type { SeededRandom } from './seeded-random.ts';

/** One thing that a pretend AI agent does: after a wait (ms) it writes a line, or says how it is, or both. */
export interface Step {
  readonly afterMs: number;
  readonly line?: {
    readonly level: Level;
    readonly action: string;
    readonly message: string;
    readonly context?: Readonly<Record<string, unknown>>;
  };
  readonly status?: { readonly status: AgentStatus; readonly last_action: string };
}

/** Who a pretend AI agent is: what it works with, and how fast. */
export interface Persona {
  readonly agentId: string;
  readonly model: string;
  /** The mean wait between two lines, ms. */
  readonly paceMs: number;
  readonly work: (story: StoryTeller) => Generator<Step>;
}

/** Building blocks of a story, so that personas read like what they do. */
export class StoryTeller {
  readonly random: SeededRandom;
  readonly #persona: Persona;
  task = '';

  constructor(persona: Persona, random: SeededRandom) {
    this.#persona = persona;
    this.random = random;
  }

  /** A wait around the persona's pace: mostly shorter, sometimes much longer, as real work is. */
  wait(factor = 1): number {
    return Math.round(this.#persona.paceMs * factor * (0.3 + 0.9 * this.random.next() + 0.5 * this.random.next() ** 4));
  }

  say(level: Level, action: string, message: string, context: Record<string, unknown> = {}, factor = 1): Step {
    return { afterMs: this.wait(factor), line: { level, action, message, context: { ...context, task: this.task } } };
  }

  status(status: AgentStatus, lastAction: string): Step {
    return { afterMs: 0, status: { status, last_action: lastAction } };
  }

  beginTask(): void {
    this.task = `task-${this.random.hex(6)}`;
  }

  /** One call of the model: tokens, latency, cost. */
  llmRequest(purpose: string): Step {
    const input = this.random.whole(900, 48_000);
    const output = this.random.whole(40, 2_600);
    return this.say('INFO', 'llm_request', `${purpose}: ${output} tokens from ${this.#persona.model}`, {
      model: this.#persona.model,
      input_tokens: input,
      output_tokens: output,
      latency_ms: this.random.whole(450, 9_000),
      cost_usd: Math.round(input * 0.3 + output * 1.5) / 1e5,
    });
  }

  /** A tool is called and answers; now and then it fails once and is tried again. */
  *tool(tool: string, what: string, failure = 'ETIMEDOUT'): Generator<Step> {
    const callId = `call_${this.random.hex(8)}`;
    yield this.say('INFO', 'tool_call', `${tool} ${what}`, { tool, call_id: callId });
    if (this.random.chance(0.05)) {
      yield this.say('WARN', 'tool_call', `${tool}: ${failure}, trying again in 2 s`, {
        tool,
        call_id: callId,
        error: failure,
        attempt: 1,
      });
    }
    const durationMs = this.random.whole(12, 4_200);
    yield this.say('DEBUG', 'tool_result', `${tool} finished in ${durationMs} ms`, {
      tool,
      call_id: callId,
      duration_ms: durationMs,
    });
  }

  /** The provider asks to slow down for a while: the AI agent says it is degraded, waits, and goes on. */
  *rateLimited(): Generator<Step> {
    const retryInMs = this.random.whole(8_000, 20_000);
    yield this.say(
      'ERROR',
      'llm_request',
      `429 from ${this.#persona.model}, trying again in ${Math.round(retryInMs / 1000)} s`,
      {
        model: this.#persona.model,
        error: 'rate_limit_exceeded',
        status: 429,
        retry_in_ms: retryInMs,
      },
    );
    yield this.status('degraded', 'llm_request');
    for (let attempt = 2; attempt <= 3; attempt++) {
      yield {
        ...this.say(
          'WARN',
          'llm_request',
          `still rate limited, attempt ${attempt} in ${Math.round(retryInMs / 1000)} s`,
          {
            attempt,
          },
        ),
        afterMs: retryInMs / 2,
      };
    }
    yield { ...this.say('INFO', 'llm_request', 'the provider takes requests again'), afterMs: retryInMs / 2 };
    yield this.status('healthy', 'llm_request');
  }
}
