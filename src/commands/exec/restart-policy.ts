export const RESTART_POLICIES = ['never', 'on-failure', 'always'] as const;
export type RestartPolicy = (typeof RESTART_POLICIES)[number];

const WAIT_MS_MIN = 1_000;
const WAIT_MS_MAX = 60_000;
/** A program that ran so long was well: its next failure is its first. */
const GOOD_RUN_MS = 60_000;

/** How one run of the program ended. */
export interface RunEnd {
  readonly failed: boolean;
  /** False: it could not even be started. */
  readonly started: boolean;
  /** Somebody asked it, or us, to end. */
  readonly asked: boolean;
  readonly ranMs: number;
}

/** Decides after each run whether there is another one, and when. Pure but for its count of failures in a row. */
export class Restarts {
  readonly #policy: RestartPolicy;
  #short = 0;
  #everStarted = false;

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** How long to wait before the next run, in ms: 1 s, doubling to 60 s while runs are short; `undefined`: there is none. */
  after({ failed, started, asked, ranMs }: RunEnd): number | undefined {
    this.#everStarted ||= started;
    // A command that never ran is a mistake in the command; one that ran before may be just being replaced.
    if (asked || !this.#everStarted || this.#policy === 'never') return undefined;
    if (this.#policy === 'on-failure' && !failed) return undefined;
    this.#short = ranMs >= GOOD_RUN_MS ? 1 : this.#short + 1;
    return Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(10, this.#short - 1));
  }
}
