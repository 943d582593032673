import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { type RevisionStore, revisionOfCommit } from '../found-revision.ts';
import type { Repository } from './repository.ts';

export interface GitFollowerOptions {
  readonly repository: Pick<Repository, 'head' | 'read'>;
  readonly store: RevisionStore;
  /** Does the work unless another replica is at the same, and answers `undefined` then. */
  readonly whileAlone: <T>(work: () => Promise<T>) => Promise<T | undefined>;
  readonly pollMs: number;
  /**
   * Told once when the repository can't be followed, not of a hiccup that the next look is past, again when the reason is another, and once (`undefined`) when it can be: at the start and each
   * hour as well, for what a process before this one, or a replica that is gone, may have told. Idempotent; when it rejects it is told again with the
   * next look.
   */
  readonly onTrouble: (trouble: NervesysError | undefined) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A repository that is away is asked again after this at most. */
const BACKOFF_MS_MAX = 300_000;
/** Another replica looks now: soon again, for it may have begun before the push that we were told of. */
const ELSEWHERE_MS = 2_000;

/** However often a push is told, looks begin no closer than this: each asks the host of the repository. */
const LOOK_MS_MIN = 1_000;
const WELL_AGAIN_MS = 3_600_000;
/** What is over by then (or by the next look, where that is sooner) is nobody's worry: what runs runs on. */
const HICCUP_MS = 60_000;

/** `elsewhere`: another replica is at it, so nobody has looked here. */
export type Look = 'handed on' | 'known' | 'elsewhere';

/** Follows a branch: what it is at is fetched, checked whole, and handed on. While the repository is away, what was handed on holds. */
export class GitFollower implements AsyncDisposable {
  readonly #options: GitFollowerOptions;
  readonly #pace: Pace;
  #hasLooked = false;
  #failures = 0;
  #failedBy: string | undefined;
  #told: string | undefined;
  #toldAt = 0;
  #failingSince: number | undefined;
  #beganAt: number | undefined;

  constructor(options: GitFollowerOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#pace.start();
    return this;
  }

  /** Somebody has pushed: looks at once. */
  nudge(): void {
    this.#pace.nudge();
  }

  /** One look, by one replica at a time. Rejects with `NSV_GIT_FAILED`, or what the store rejects with. */
  async lookOnce(signal?: AbortSignal): Promise<Look> {
    return (await this.#options.whileAlone(() => this.#look(signal))) ?? 'elsewhere';
  }

  async #look(signal: AbortSignal | undefined): Promise<Look> {
    const { repository, store } = this.#options;
    const { sha, ref } = await repository.head(signal);
    // Handed on already, by whichever replica. At its first look each reads it all the same: it may judge otherwise than the version or the settings before.
    if (this.#hasLooked && (await store.found()) === revisionOfCommit(sha)) return 'known';
    await store.record(await repository.read(ref, signal), signal);
    this.#hasLooked = true;
    return 'handed on';
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { pollMs, clock, random, logger } = this.#options;
    const restMs = this.#beganAt === undefined ? 0 : this.#beganAt + Math.min(pollMs, LOOK_MS_MIN) - clock.monotonic();
    if (restMs > 0) await clock.sleep(restMs, signal);
    this.#beganAt = clock.monotonic();
    try {
      if ((await this.lookOnce(signal)) === 'elsewhere') return Math.min(pollMs, ELSEWHERE_MS) * (0.9 + 0.2 * random());
      if (this.#failures > 0)
        logger.info('the repository of the configuration is followed again', { failures: this.#failures });
      this.#failures = 0;
      this.#failedBy = undefined;
      this.#failingSince = undefined;
      await this.#tell(undefined);
      return pollMs * (0.9 + 0.2 * random());
    } catch (error) {
      signal.throwIfAborted();
      this.#failures++;
      const reason = `${errorCode(error)} ${reasonOf(error)}`;
      if (reason !== this.#failedBy)
        logger.warn(
          'the repository of the configuration cannot be followed; the last good one holds',
          errorFields(error),
        );
      this.#failedBy = reason;
      // Of anything else, Postgres away first of all, others tell.
      if (error instanceof NervesysError && error.code === 'NSV_GIT_FAILED') {
        this.#failingSince ??= clock.monotonic();
        if (clock.monotonic() - this.#failingSince >= Math.min(pollMs, HICCUP_MS)) await this.#tell(error);
      }
      return random() * Math.min(BACKOFF_MS_MAX, pollMs * 2 ** Math.min(this.#failures, 10));
    }
  }

  async #tell(trouble: NervesysError | undefined): Promise<void> {
    const { clock, onTrouble, logger } = this.#options;
    const state = trouble === undefined ? 'well' : reasonOf(trouble);
    if (this.#told === state && (trouble !== undefined || clock.monotonic() - this.#toldAt < WELL_AGAIN_MS)) return;
    try {
      await onTrouble(trouble);
      this.#told = state;
      this.#toldAt = clock.monotonic();
    } catch (error) {
      logger.error('an alert could not be stored', { kind: 'config.source', ...errorFields(error) });
    }
  }
}

/** What is the same while it fails for the same reason: how long it took, and which port it came from, is none. */
function reasonOf(error: unknown): string {
  return describeError(error).replace(/\d+/g, '0');
}
