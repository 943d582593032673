import { BoundedMap } from './bounded-map.ts';
import type { Finding } from './detector.ts';

/** A trouble that goes on is told again this long after it was told. */
export const TOLD_AGAIN_MS = 600_000;
/** Any record may name an AI agent of its own; past so many the trouble that showed least lately begins anew. */
const TROUBLES_MAX = 2_000;

interface Trouble<T> {
  readonly about: T;
  finding: Finding;
  toldAt: number;
  shownAt: number;
  untold: number;
}

export interface Telling<T> {
  readonly about: T;
  readonly finding: Finding;
  readonly isAgain: boolean;
  readonly count: number;
}

/** Which troubles there are: each is told when it begins, and while it goes on only now and then, with how often it showed. */
export class Troubles<T> {
  readonly #troubles = new BoundedMap<string, Trouble<T>>(TROUBLES_MAX);

  /** It shows. What is to be told of it now, if anything. */
  show(key: string, about: T, finding: Finding, now: number): Telling<T> | undefined {
    const known = this.#troubles.get(key);
    if (known === undefined || now - known.shownAt > Math.max(finding.calmMs, TOLD_AGAIN_MS)) {
      this.#troubles.set(key, { about, finding, toldAt: now, shownAt: now, untold: 0 });
      return { about, finding, isAgain: false, count: 1 };
    }
    known.shownAt = now;
    known.finding = finding;
    known.untold++;
    return this.#again(known, now);
  }

  /** What went on and has waited its time. */
  due(now: number): readonly Telling<T>[] {
    const due: Telling<T>[] = [];
    for (const [key, trouble] of [...this.#troubles.entries()]) {
      const telling = trouble.untold > 0 ? this.#again(trouble, now) : undefined;
      if (telling !== undefined) due.push(telling);
      else if (now - trouble.shownAt > Math.max(trouble.finding.calmMs, TOLD_AGAIN_MS)) this.#troubles.delete(key);
    }
    return due;
  }

  get isEmpty(): boolean {
    return this.#troubles.size === 0;
  }

  #again(trouble: Trouble<T>, now: number): Telling<T> | undefined {
    // A clock that was set back would hold it for as long.
    if (now < trouble.toldAt) trouble.toldAt = now;
    if (now - trouble.toldAt < TOLD_AGAIN_MS) return undefined;
    const { about, finding, untold } = trouble;
    trouble.toldAt = now;
    trouble.untold = 0;
    return { about, finding, isAgain: true, count: untold };
  }
}
