import type { Epoch, ServerName } from '../../contract/ids.ts';
import { LEVELS, type LevelCounts } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { lossReceipt } from '../loss-receipt.ts';
import type { Losses } from './losses.ts';
import type { EncodedRecord } from './types.ts';

/** What was given up gets its receipt after so long without more of it: a few long ranges instead of many short ones. */
const RECEIPT_DELAY_MS = 5_000;
/** But not later than this after the first of it: a buffer that stays full for days tells of it meanwhile. */
const RECEIPT_DELAY_MAX_MS = 60_000;

export interface LossBookOptions {
  readonly server: ServerName;
  readonly epoch: Epoch;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Receipts that are to be written, and what is noted once they are. */
export interface Settlement {
  readonly records: readonly EncodedRecord[];
  readonly lost: readonly LevelCounts[];
  readonly rest: Losses;
}

/** What this buffer has given up, as it stands in the file, and when it is time to tell the archive. */
export class LossBook {
  readonly #options: LossBookOptions;
  #losses: Losses;
  #lastAt = Number.NEGATIVE_INFINITY;
  #firstAt = Number.NEGATIVE_INFINITY;

  constructor(losses: Losses, options: LossBookOptions) {
    this.#losses = losses;
    this.#options = options;
  }

  get losses(): Losses {
    return this.#losses;
  }

  /** Takes up what was noted in the file together with records that went. */
  note(losses: Losses): void {
    const { clock, logger } = this.#options;
    const now = clock.monotonic();
    if (!this.#losses.waiting) {
      logger.error('the buffer is full: records are given up, the least valuable first');
      this.#firstAt = now;
    }
    this.#losses = losses;
    this.#lastAt = now;
  }

  /** Whether receipts should be written by now. */
  get due(): boolean {
    const now = this.#options.clock.monotonic();
    return now - this.#lastAt >= RECEIPT_DELAY_MS || now - this.#firstAt >= RECEIPT_DELAY_MAX_MS;
  }

  /** The receipts of what has none yet; `undefined`: there is nothing to tell. */
  receipts(now: number): Settlement | undefined {
    if (!this.#losses.waiting) return undefined;
    const { server, epoch } = this.#options;
    const { receipts, rest } = this.#losses.settle();
    const records = receipts.map(({ ranges, lost }) => {
      const counts = LEVELS.filter((level) => lost[level] > 0).map((level) => `${lost[level]} ${level}`);
      const message = `the buffer was full: records were given up (${counts.join(', ')})`;
      return lossReceipt({ level: 'ERROR', message, epoch, ranges, lost, reason: 'buffer full' }, server, now);
    });
    return { records, lost: receipts.map(({ lost }) => lost), rest };
  }

  /** The receipts stand in the file. */
  settled({ rest }: Settlement): void {
    this.#losses = rest;
  }
}
