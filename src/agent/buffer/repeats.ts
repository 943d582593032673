import type { Waiting } from './append-queue.ts';
import { heldBytes, type RememberedAnswers, type RequestKey, refuseOtherBody } from './remembered-answers.ts';

export interface Sorted {
  /** What is to be stored. */
  readonly fresh: readonly Waiting[];
  /** Repeats of others in the same group, which share their fate, and what they are to be answered. */
  readonly repeats: ReadonlyMap<Waiting, string>;
  /** Both, in the order of their coming. */
  readonly unanswered: readonly Waiting[];
}

/**
 * Answers those of a group whose key is remembered, also while the buffer is full: for them nothing is stored. Rejects those that use a
 * key a second time for something else, or for which no more keys can be remembered.
 */
export function answerRepeats(group: readonly Waiting[], answers: RememberedAnswers): Sorted {
  const fresh: Waiting[] = [];
  const unanswered: Waiting[] = [];
  const repeats = new Map<Waiting, string>();
  const firsts = new Map<string, RequestKey>();
  let keysBytes = 0;
  for (const waiting of group) {
    const { key } = waiting;
    try {
      const remembered = key === undefined ? undefined : answers.answerOf(key);
      const first = key === undefined ? undefined : firsts.get(key.text);
      if (remembered !== undefined) waiting.resolve({ repeatedAnswer: remembered });
      else if (first !== undefined) {
        refuseOtherBody(key!, first);
        repeats.set(waiting, first.answer);
        unanswered.push(waiting);
      } else {
        if (key !== undefined) {
          answers.checkRoom(keysBytes + heldBytes(key.answer));
          keysBytes += heldBytes(key.answer);
          firsts.set(key.text, key);
        }
        fresh.push(waiting);
        unanswered.push(waiting);
      }
    } catch (error) {
      waiting.reject(error);
    }
  }
  return { fresh, repeats, unanswered };
}
