import { LEVELS, type Level } from '../../contract/record.ts';
import { LEVEL_INDEX } from '../rules/record-view.ts';
import type { LineScorer, Score, ScoreInput } from './types.ts';

/** Lines of which nobody said a level have a place of their own. */
const NO_LEVEL = LEVELS.length;
/** Shapes whose score is remembered, for each level and in each of two generations. */
const REMEMBERED_MAX = 2_048;

/**
 * The scorer with a memory: as a rule the first line of a shape settles the score of all that follow, for they differ in values only. It
 * doesn't where a value may decide: where a number makes the trouble (`failed: 0`, `failed: 4`), and where text stands in quotes, which
 * is a value to the miner (`state "down"`). Such lines are scored one by one, which takes some ten microseconds each. A template may
 * hold several shapes: words that were seen to differ are another shape each.
 */
export class LineScores {
  readonly #scorer: LineScorer;
  /** By level, then by shape; `EACH`: one by one. */
  #recent: (Map<number, Score> | undefined)[] = [];
  #before: (Map<number, Score> | undefined)[] = [];

  constructor(scorer: LineScorer) {
    this.#scorer = scorer;
  }

  /** The score of a line of such a shape (`Miner.shape`). `templateText` is asked for only where the scorer is. */
  scoreOf(message: string, level: Level | undefined, shape: number, templateText: () => string): Score {
    const at = level === undefined ? NO_LEVEL : LEVEL_INDEX[level];
    let known = this.#recent[at]?.get(shape);
    if (known === undefined) {
      known = this.#before[at]?.get(shape);
      if (known !== undefined) this.#remember(at, shape, known);
    }
    if (known !== undefined && known !== EACH) return known;
    const input = { message, template: templateText(), level };
    const score = kept(this.#scorer.score(input));
    if (known === undefined) this.#remember(at, shape, this.#isSettled(input, score) ? score : EACH);
    return score;
  }

  #remember(at: number, shape: number, score: Score): void {
    let recent = this.#recent[at];
    if (recent === undefined || recent.size >= REMEMBERED_MAX) {
      this.#before[at] = recent;
      recent = new Map();
      this.#recent[at] = recent;
    }
    recent.set(shape, score);
  }

  /** Whether lines with other figures would be judged alike. */
  #isSettled(input: ScoreInput, { isAlert }: Score): boolean {
    const { message } = input;
    if (/["'`]/.test(message)) return false;
    if (!/\d/.test(message)) return true;
    return ['0', '7'].every(
      (figure) => this.#scorer.score({ ...input, message: message.replace(/\d+/g, figure) }).isAlert === isAlert,
    );
  }
}

const EACH: Score = { score: 0, isAlert: false, isUnsure: false, reason: '' };

/** There are thousands of shapes that nobody is told of: their reasons would take memory for nothing. */
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
