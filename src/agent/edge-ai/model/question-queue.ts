import type { TemplateId } from '../../../contract/triage.ts';
import type { ModelQuestion } from './types.ts';

/** A question that waits. */
export interface WaitingQuestion {
  readonly question: ModelQuestion;
  /** How often it was asked while it waited. */
  times: number;
  /** Attempts that failed. */
  failures: number;
  /** Grows with each question that came. */
  readonly order: number;
}

/** An hour's worth and some; each holds a few hundred characters. */
export const QUEUE_MAX = 100;
/** What a question holds on to of its texts; the prompt takes less. */
const TEXT_LENGTH_MAX = 600;

/** Questions that wait for the model, each template once: what comes often goes first, and of equals the newest. */
export class QuestionQueue {
  readonly #waiting = new Map<TemplateId, WaitingQuestion>();
  #order = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** Returns how many questions had to go to make room. */
  add(question: ModelQuestion): number {
    const known = this.#waiting.get(question.templateId);
    if (known !== undefined) {
      known.times++;
      return 0;
    }
    const { text, example } = question;
    const bounded = { ...question, text: ownCopy(text), example: ownCopy(example) };
    return this.#put({ question: bounded, times: 1, failures: 0, order: ++this.#order });
  }

  /** A question whose attempt failed, to be tried again. */
  putBack(waiting: WaitingQuestion): number {
    const known = this.#waiting.get(waiting.question.templateId);
    if (known === undefined) return this.#put(waiting);
    known.failures = waiting.failures;
    return 0;
  }

  /** The one to ask next; it waits no more. */
  take(): WaitingQuestion | undefined {
    let best: WaitingQuestion | undefined;
    for (const one of this.#waiting.values())
      if (best === undefined || one.times > best.times || (one.times === best.times && one.order > best.order))
        best = one;
    if (best !== undefined) this.#waiting.delete(best.question.templateId);
    return best;
  }

  clear(): void {
    this.#waiting.clear();
  }

  #put(waiting: WaitingQuestion): number {
    let dropped = 0;
    while (this.#waiting.size >= QUEUE_MAX) {
      let least: WaitingQuestion | undefined;
      for (const one of this.#waiting.values())
        if (least === undefined || one.times < least.times || (one.times === least.times && one.order < least.order))
          least = one;
      this.#waiting.delete(least!.question.templateId);
      dropped++;
    }
    this.#waiting.set(waiting.question.templateId, waiting);
    return dropped;
  }
}

/** A part of a text with bytes of its own: a mere slice would hold the whole of a large line in memory. Lone surrogates become U+FFFD. */
function ownCopy(text: string): string {
  return Buffer.from(text.slice(0, TEXT_LENGTH_MAX)).toString();
}
