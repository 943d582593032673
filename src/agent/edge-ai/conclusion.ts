import type { TemplateMark } from '../../contract/triage.ts';
import type { ModelWord } from './model-desk.ts';
import type { Score, Template } from './types.ts';

/** What was concluded of a template while its text was this. */
export class Conclusion {
  readonly generation: number;
  /** The version of the corrections by which it is marked. */
  corrections = -1;
  mark: TemplateMark | undefined;
  word: ModelWord | undefined;
  /** The highest score of a line of it; `undefined`: none was scored yet. */
  worst: Score | undefined;
  /** A model was asked about it. */
  isInDoubt = false;

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
}
