import type { Config } from '../../../config/index.ts';
import type { AlertView } from '../../../contract/fleet.ts';
import type { Heartbeat } from '../../../contract/heartbeat.ts';
import type { Clock } from '../../../platform/clock.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import { Pace } from '../../../platform/pace.ts';
import type { Database, Queryable } from '../../database/database.ts';
import { type BreachSubject, findDueBreaches, writeBreaches } from '../../database/queries/breaches.ts';
import type { Duties } from '../../duties.ts';
import { type EventHub, publishAlerts } from '../../fleet/event-hub.ts';
import { raiseAlerts, settleAlerts } from '../raise.ts';
import { thresholdName } from './breach-alert.ts';
import { Candidates } from './candidates.ts';
import { judgeSubject, type Verdict } from './judge-subject.ts';
import { LimitBook } from './limit-book.ts';
import { nameOf, readJudged } from './read-judged.ts';

export interface ThresholdWatchOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: Pick<EventHub, 'publish'>;
  /** By what time beats are received, epoch ms (`FleetHearing`). */
  readonly heardNow: () => number;
  /** What the orchestrator obeys now; `undefined`: there is no configuration yet, and the built-in limits hold. */
  readonly config: () => Config | undefined;
  readonly builtIn: Config;
  /** After this long without a beat a value says nothing any more. */
  readonly newsMaxMs: () => number;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

/** A breach is told this much after its time at most. */
const ROUND_MS = 5_000;
/** Subjects judged in one transaction: those who wait for its lock, and those who raise alerts, wait for a moment only. */
const SUBJECTS_MAX = 500;
/** One replica judges at a time, the others wait: a breach is stepped from what the one before has stored. */
const BREACHES_LOCK = 0x6e73_7662; // "nsvb"

/**
 * Notices values that are past their limits, and tells people when they last and when they are over. Beats as they come in say who may be
 * in breach (`see`, in memory); rounds judge those, and those in breach, by what Postgres holds. Any replica may: what was told stands in
 * the same transaction as the alert.
 */
export class ThresholdWatch implements AsyncDisposable {
  readonly #options: ThresholdWatchOptions;
  readonly #pace: Pace;
  readonly #candidates = new Candidates();
  #book: LimitBook;
  #bookOf: Config;
  /** The limits have changed since all breaches were judged. */
  #isNewBook = true;

  constructor(options: ThresholdWatchOptions) {
    this.#options = options;
    this.#bookOf = options.config() ?? options.builtIn;
    this.#book = this.#readBook();
    const report = options.duties?.take('threshold_watch');
    this.#pace = new Pace(options.clock, async (signal) => {
      try {
        await this.judgeOnce(signal);
        report?.();
      } catch (error) {
        signal.throwIfAborted();
        report?.(error);
        // Postgres away: nothing can be judged now, and nothing is forgotten by waiting.
        options.logger.warn('thresholds not judged', errorFields(error));
      }
      return ROUND_MS;
    });
  }

  start(): void {
    this.#pace.start(ROUND_MS);
  }

  /** Beats that are stored now. Costs next to nothing, and no query. */
  see(beats: Iterable<{ readonly beat: Heartbeat }>): void {
    const { lowest } = this.#currentBook();
    for (const { beat } of beats) this.#candidates.see(beat, lowest);
  }

  /** One round over whoever may be in breach, and whoever is and was heard of; answers how many were judged. */
  async judgeOnce(signal?: AbortSignal): Promise<number> {
    const { database, heardNow, newsMaxMs } = this.#options;
    const book = this.#currentBook();
    const all = this.#isNewBook;
    const judged = new Set<string>();
    let after: BreachSubject | undefined;
    for (let isLast = false; !isLast; ) {
      signal?.throwIfAborted();
      const candidates = this.#candidates.take(SUBJECTS_MAX);
      try {
        const [now, limit] = [heardNow(), SUBJECTS_MAX - candidates.length];
        const due = await findDueBreaches(database, { now, freshAfter: now - newsMaxMs(), all, after, limit });
        // A candidate that was judged a moment ago has beaten again since.
        const subjects = new Map(candidates.map((subject) => [nameOf(subject), subject]));
        for (const subject of due) if (!judged.has(nameOf(subject))) subjects.set(nameOf(subject), subject);
        if (subjects.size > 0) await this.#judge([...subjects.values()], book);
        for (const name of subjects.keys()) judged.add(name);
        after = due.at(-1) ?? after;
        isLast = due.length < limit;
      } catch (error) {
        this.#candidates.giveBack(candidates);
        throw error;
      }
    }
    if (all && book === this.#book) this.#isNewBook = false;
    return judged.size;
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #judge(subjects: readonly BreachSubject[], book: LimitBook): Promise<void> {
    const { database, clock, hub, logger, heardNow, newsMaxMs } = this.#options;
    const { alerts, verdicts } = await database.transaction(async (transaction) => {
      await transaction.query('SELECT pg_advisory_xact_lock($1)', [BREACHES_LOCK]);
      const now = heardNow(); // after the wait: another replica has judged meanwhile
      const freshAfter = new Date(now - newsMaxMs());
      const judged = await readJudged(transaction, subjects, book, freshAfter);
      const all = judged.flatMap((one) =>
        judgeSubject(one, now, newsMaxMs()).map((verdict) => ({
          ...verdict,
          server: one.server,
          agentId: one.agentId,
        })),
      );
      return { alerts: await carryOut(transaction, all, new Date(clock.now())), verdicts: all };
    });
    publishAlerts(hub, alerts);
    const told = Map.groupBy(
      verdicts.filter(({ event }) => event !== undefined),
      ({ event }) => event,
    );
    if (told.size > 0)
      logger.info('thresholds judged', Object.fromEntries([...told].map(([event, of]) => [event!, of.length])));
  }

  #currentBook(): LimitBook {
    const config = this.#options.config() ?? this.#options.builtIn;
    if (config !== this.#bookOf) {
      this.#bookOf = config;
      this.#book = this.#readBook();
      this.#isNewBook = true;
    }
    return this.#book;
  }

  #readBook(): LimitBook {
    return new LimitBook(this.#bookOf, this.#options.builtIn.agentDefaults.thresholds);
  }
}

type PlacedVerdict = Verdict & BreachSubject;

async function carryOut(transaction: Queryable, verdicts: readonly PlacedVerdict[], at: Date): Promise<AlertView[]> {
  if (verdicts.length === 0) return [];
  await writeBreaches(
    transaction,
    verdicts.map((verdict) => ({ ...verdict, threshold: thresholdName(verdict.threshold) })),
  );
  const raised = verdicts.flatMap(({ raise }) => raise ?? []);
  const settled = verdicts.flatMap(({ server, settle }) =>
    settle === undefined ? [] : [{ server, dedupKey: settle }],
  );
  return [
    ...(raised.length === 0 ? [] : await raiseAlerts(transaction, raised, at)),
    ...(settled.length === 0 ? [] : await settleAlerts(transaction, settled, at)),
  ];
}
