import { type AlertReport, LINES_BEFORE_BYTES_MAX, LINES_BEFORE_MAX } from '../contract/alert.ts';
import type { AgentId } from '../contract/ids.ts';
import type { ArchivedRecord } from '../contract/record.ts';
import { errorFields, type Logger } from '../platform/logger.ts';
import type { LinesBeforeQuery } from './buffer/types.ts';

/** What an alert is about. */
export interface AlertSubject {
  readonly agentId: AgentId;
  /** The record as it is stored, `EncodedRecord.json`. Absent: it is not about a record. */
  readonly json?: string;
}

export interface AlertTellerOptions {
  readonly buffer: { linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]> };
  readonly tell: (alert: AlertReport) => void;
  readonly logger: Logger;
}

/** Alerts that may wait for the lines before them; in a storm the others are told without. */
const LOOKING_BACK_MAX = 20;

/** Tells alerts with the lines that came before them. One after the other, in turns of their own: what people are told must not hold what comes in. */
export class AlertTeller {
  readonly #options: AlertTellerOptions;
  #lookingBack: Promise<void> = Promise.resolve();
  #lookingBackCount = 0;

  constructor(options: AlertTellerOptions) {
    this.#options = options;
  }

  /** `about`: the AI agent whose lines before it tell more, and the record, where it is at hand. Never throws. */
  tell(alert: AlertReport, about?: AlertSubject): void {
    const { tell } = this.#options;
    if (about === undefined || this.#lookingBackCount >= LOOKING_BACK_MAX) {
      tell(alert);
      return;
    }
    this.#lookingBackCount++;
    this.#lookingBack = this.#lookingBack.then(async () => {
      tell(await this.#withLinesBefore(alert, about));
      this.#lookingBackCount--;
      if (this.#lookingBackCount > 0) await new Promise(setImmediate);
    });
  }

  /** Resolves once all that was given is told. */
  get told(): Promise<void> {
    return this.#lookingBack;
  }

  async #withLinesBefore(alert: AlertReport, about: AlertSubject): Promise<AlertReport> {
    const { buffer, logger } = this.#options;
    try {
      const bounds = { limit: LINES_BEFORE_MAX, bytesMax: LINES_BEFORE_BYTES_MAX };
      const lines = await buffer.linesBefore({ ...about, ...bounds });
      return lines.length === 0 ? alert : { ...alert, detail: { ...alert.detail, lines_before: lines } };
    } catch (error) {
      logger.warn('an alert is told without the lines before it', errorFields(error)); // memory is short, say
      return alert;
    }
  }
}
