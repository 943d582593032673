import { LEVELS, type Level } from '../../contract/record.ts';
import { type TemplateMark, WILDCARD } from '../../contract/triage.ts';
import { LEVEL_INDEX } from './level-index.ts';
import type { ModelWord } from './model-desk.ts';
import type { LineScorer, Score, Template } from './types.ts';

/** Lines of which nobody said a level have a place of their own. */
const NO_LEVEL = LEVELS.length;

/**
 * What was concluded of a template while its text was this: what people and the model said, and what the scorer thinks of its lines. As a
 * rule the first line of a level settles it for all that follow. It doesn't where what differs may decide: where words were seen to differ
 * (`state <*>`), or where a number alone makes the trouble (`failed: 0`, `failed: 4`). Then each line is scored by itself.
 */
export class Conclusion {
  readonly generation: number;
  /** The version of the corrections by which it is marked. */
  corrections = -1;
  mark: TemplateMark | undefined;
  word: ModelWord | undefined;
  /** By level, of the last line that was scored; `undefined`: none came yet. */
  readonly #scores: (Score | undefined)[] = [];
  /** A bit for each level whose lines are scored one by one. */
  #unsettled = 0;

  private constructor(generation: number) {
    this.generation = generation;
  }

  /** That of a template as it is now. What was concluded before it became more general is forgotten. */
  static of(template: Template): Conclusion {
    const known = template.conclusion;
    if (known instanceof Conclusion && known.generation === template.generation) return known;
    const fresh = new Conclusion(template.generation);
    template.conclusion = fresh;
    return fresh;
  }

  /** The score of a line; `level` undefined: nobody said one. */
  scoreOf(scorer: LineScorer, template: Template, message: string, level: Level | undefined): Score {
    const at = level === undefined ? NO_LEVEL : LEVEL_INDEX[level];
    const known = this.#scores[at];
    if (known !== undefined && (this.#unsettled & (1 << at)) === 0) return known;
    const score = kept(scorer.score({ message, template: template.text, level }));
    this.#scores[at] = score;
    if (known === undefined && !isSettled(scorer, template, score, level)) this.#unsettled |= 1 << at;
    return score;
  }

  /** Whether a line of this level was scored before. */
  knows(level: Level | undefined): boolean {
    return this.#scores[level === undefined ? NO_LEVEL : LEVEL_INDEX[level]] !== undefined;
  }

  /** Those of its levels. */
  get scores(): readonly Score[] {
    return this.#scores.filter((score) => score !== undefined);
  }
}

/** Whether all lines of the template would be judged alike, as far as the scorer can tell from its constant part. */
function isSettled(scorer: LineScorer, template: Template, score: Score, level: Level | undefined): boolean {
  if (template.generation > 0) return false;
  const { text } = template;
  if (!text.includes(WILDCARD)) return true;
  return ['0', '7'].every((figure) => {
    const message = text.replaceAll(WILDCARD, figure);
    return scorer.score({ message, template: text, level }).isAlert === score.isAlert;
  });
}

/** There are thousands of templates that nobody is told of: their reasons would take memory for nothing. */
function kept(score: Score): Score {
  if (score.isAlert || score.isUnsure) return score;
  const tenth = Math.min(10, Math.max(0, Math.round(score.score * 10)));
  return ORDINARY[tenth]!;
}

const ORDINARY: readonly Score[] = Array.from({ length: 11 }, (_, tenth) => ({
  score: tenth / 10,
  isAlert: false,
  isUnsure: false,
  reason: '',
}));
