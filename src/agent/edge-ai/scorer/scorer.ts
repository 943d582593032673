import type { LineScorer, Score, ScoreInput } from '../types.ts';
import { PHRASE_CLASSES, TROUBLE_CLASSES } from './classes.ts';
import { emptyFeatures, extractFeatures, type Features } from './features.ts';
import { type Model, probability, readModel } from './model.ts';
import { WEIGHTS } from './weights.ts';

/** From here on people are told. */
export const THRESHOLD = 0.5;
/** Between the two a second opinion is worth asking for. */
export const UNSURE = { from: 0.25, to: 0.75 } as const;
/** Words of a line that a reason may quote, and phrases. */
const QUOTED_WORDS_MAX = 4;
const QUOTED_PHRASES_MAX = 2;

/**
 * Tier 2 of the triage: judges a line by itself, from phrases that tell of trouble or take it back, its level, and a small linear
 * model over words and their pieces. Microseconds a line, the same answer for the same line, never throws. It looks at the message
 * rather than its template: “failed: 0” and “failed: 4” share one, and mean the opposite.
 */
export class Scorer implements LineScorer {
  readonly #model: Model = readModel(WEIGHTS);
  readonly #features: Features = emptyFeatures();

  score(input: ScoreInput): Score {
    extractFeatures(input.message, input.level, this.#features);
    const score = probability(this.#model, this.#features);
    const isAlert = score >= THRESHOLD;
    return {
      score,
      isAlert,
      isUnsure: score >= UNSURE.from && score <= UNSURE.to,
      reason: reasonOf(this.#features, this.#model) ?? (isAlert ? 'its wording' : 'no sign of trouble'),
    };
  }
}

/** The phrases of trouble that weigh most, and a loud level: `“out of memory”, CRITICAL`. `undefined`: neither is there. */
function reasonOf({ findings, tokens, level }: Features, model: Model): string | undefined {
  const troubles = findings.list.filter(({ phraseClass }) => phraseClass < TROUBLE_CLASSES);
  const weightOf = (found: (typeof troubles)[number]): number =>
    model.dense[found.isName ? PHRASE_CLASSES.length + found.phraseClass : found.phraseClass]! * found.strength;
  const parts = troubles
    .sort((one, other) => weightOf(other) - weightOf(one) || one.start - other.start)
    .slice(0, QUOTED_PHRASES_MAX)
    .map(({ start, end }) => `“${tokens.words.slice(start, Math.min(end, start + QUOTED_WORDS_MAX)).join(' ')}”`);
  if (level === 'WARN' || level === 'ERROR' || level === 'CRITICAL') parts.push(level);
  return parts.length > 0 ? parts.join(', ') : undefined;
}
