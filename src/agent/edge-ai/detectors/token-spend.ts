import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import type { AiEvent } from './ai-event.ts';
import { BoundedMap } from './bounded-map.ts';
import type { EventDetector, Finding } from './detector.ts';
import { hash } from './marks.ts';
import { type StoredTokenHabit, TokenHabit } from './token-habit.ts';

const IDS_MAX = 16;
const MODEL_LENGTH_MAX = 100;
const HOUR_MS = 3_600_000;

/** Tokens of an hour, far above the AI agent's own habit. */
export class TokenSpend implements EventDetector {
  readonly #habit: TokenHabit;
  /** Of calls that were counted: a span and an event may tell of the same one. */
  readonly #counted = new BoundedMap<string, true>(IDS_MAX);
  #isUsed: boolean;

  constructor(stored?: StoredTokenHabit) {
    this.#habit = new TokenHabit(stored);
    this.#isUsed = stored !== undefined;
  }

  look(event: AiEvent, { tokenSpend: settings }: DetectorSettings, now: number): Finding | undefined {
    if (event.type !== 'llm_call' || event.tokens <= 0) return undefined;
    if (event.id !== undefined) {
      const id = hash(event.id);
      if (this.#counted.get(id) !== undefined) return undefined;
      this.#counted.set(id, true);
    }
    this.#isUsed = true;
    const { factor, tokensMin, learnMs } = settings;
    const usual = this.#habit.limit(factor, learnMs);
    const limit = Math.max(usual ?? Number.POSITIVE_INFINITY, tokensMin);
    const tokens = this.#habit.add(event.tokens, now, limit);
    if (tokens < limit) return undefined;
    const { median } = this.#habit;
    return {
      subject: '',
      calmMs: HOUR_MS,
      describe: () => ({
        title: `It used ${inWords(tokens)} tokens within an hour, ${Math.round(tokens / Math.max(median, 1))} times as many as usual`,
        reason: `${inWords(tokens)} tokens an hour, usually ${inWords(median)}`,
        detail: {
          tokens_of_the_hour: Math.round(tokens),
          usual: Math.round(median),
          limit: Math.round(limit),
          factor,
          least: tokensMin,
          model: event.model?.slice(0, MODEL_LENGTH_MAX) ?? null,
        },
      }),
    };
  }

  /** `undefined`: it has none to count. */
  get stored(): StoredTokenHabit | undefined {
    return this.#isUsed ? this.#habit.stored : undefined;
  }
}

function inWords(tokens: number): string {
  if (tokens >= 999_500) return `${(tokens / 1e6).toFixed(1)} million`;
  return tokens >= 9_950 ? `${Math.round(tokens / 1_000)} thousand` : String(Math.round(tokens));
}
