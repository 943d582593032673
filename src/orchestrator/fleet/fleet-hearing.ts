import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { randomHex } from '../../platform/random.ts';
import type { Database } from '../database/database.ts';
import { turnBack } from '../database/queries/turn-back.ts';

/*
 * Since when the fleet could be heard, and by what time it is judged.
 *
 * Beats reach Postgres through any orchestrator, so whether they could is a fact of all of them together: one row
 * (`fleet_hearing`) that each writes in each round of its watch. While some orchestrator writes it every few seconds, somebody
 * listens and Postgres takes what it is told; one that has just started beside others changes nothing. After a gap (all were
 * off, Postgres was away, the machine slept) silence counts anew, from the gap's end.
 *
 * A wall clock that is set looks like a gap, or like a beat from tomorrow. Time here goes on by the monotonic clock, and follows
 * the wall clock in small steps only. What is further apart from the row than `GAP_MS` is in doubt for some rounds: where another
 * orchestrator goes on writing meanwhile, its time holds and ours is set right by an offset; where none does, there was a gap.
 */

/** A beat or two that got lost in a shorter gap make nobody late (`FleetPolicy`). Rounds are two seconds apart. */
const GAP_MS = 20_000;
/** Long enough for two rounds of another orchestrator, with a slow Postgres. */
const DOUBT_MS = 6_000;

export interface FleetHearingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a round goes by. Epoch ms. */
export interface Hearing {
  readonly now: number;
  readonly since: number;
}

interface Row {
  readonly since: Date;
  readonly heard_at: Date;
  readonly written_by: string | null;
}

/** One process's part in it. */
export class FleetHearing {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #self = randomHex();
  #anchor: { readonly now: number; readonly monotonic: number };
  /** What our wall clock lacks to the time of the fleet. */
  #offsetMs = 0;
  #doubt: { readonly heardAt: number; readonly monotonic: number } | undefined;
  #deaf = false;

  constructor({ clock, logger }: FleetHearingOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#anchor = { now: clock.now(), monotonic: clock.monotonic() };
  }

  /** The time of the fleet, epoch ms: by it beats are received and judged, and nothing else is. */
  now(): number {
    return Math.round(this.#anchor.now + this.#clock.monotonic() - this.#anchor.monotonic);
  }

  /** Beats could not be taken though somebody told them: silence counts from the next round on. */
  notTaken(): void {
    this.#deaf = true;
  }

  /**
   * Notes that this orchestrator listens and that Postgres takes what it is told. `undefined`: it is not clear yet what time it is, so
   * nobody is to be judged in this round. Rejects with `NSV_DATABASE_UNREACHABLE`.
   */
  async listen(database: Database): Promise<Hearing | undefined> {
    const wasDeaf = this.#deaf;
    const hearing = await database.transaction(async (transaction) => {
      const { rows } = await transaction.query<Row>('SELECT since, heard_at, written_by FROM fleet_hearing FOR UPDATE');
      const row = rows[0];
      if (row === undefined) throw new Error('fleet_hearing is empty: nobody can be judged');
      const step = this.#step(row, wasDeaf);
      if (step === undefined) return undefined;
      if (step.now < row.heard_at.getTime() - GAP_MS) await turnBack(transaction, new Date(step.now));
      await transaction.query('UPDATE fleet_hearing SET since = $1, heard_at = $2, written_by = $3', [
        new Date(step.since),
        new Date(step.now),
        this.#self,
      ]);
      return step;
    });
    if (hearing !== undefined && wasDeaf) this.#deaf = false;
    return hearing;
  }

  #step(row: Row, wasDeaf: boolean): Hearing | undefined {
    const heardAt = row.heard_at.getTime();
    if (row.written_by === null) return this.#beginAnew();
    if (Math.abs(this.#wall() - heardAt) > GAP_MS) {
      const monotonic = this.#clock.monotonic();
      if (this.#doubt === undefined) {
        this.#doubt = { heardAt, monotonic };
        return undefined;
      }
      if (this.#doubt.heardAt !== heardAt) this.#adopt(heardAt);
      else if (monotonic - this.#doubt.monotonic < DOUBT_MS) return undefined;
      else {
        this.#logger.warn('the fleet could not be heard, or the clock was set: silence counts anew', {
          gapSeconds: Math.round((this.#clock.now() - heardAt) / 1_000),
        });
        return this.#beginAnew();
      }
    }
    const now = this.#setTime(this.#wall());
    return { now, since: wasDeaf ? now : row.since.getTime() };
  }

  /** Nobody else is there: our wall clock holds. */
  #beginAnew(): Hearing {
    this.#offsetMs = 0;
    const now = this.#setTime(this.#clock.now());
    return { now, since: now };
  }

  #adopt(heardAt: number): void {
    this.#offsetMs = Math.round(heardAt - this.#clock.now());
    this.#logger.warn("this machine's clock is not that of the other orchestrators: theirs holds", {
      skewSeconds: Math.round(-this.#offsetMs / 1_000),
    });
  }

  #wall(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  #setTime(now: number): number {
    this.#doubt = undefined;
    this.#anchor = { now, monotonic: this.#clock.monotonic() };
    return now;
  }
}
