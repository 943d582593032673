import { type Epoch, NERVESYS_AGENT_ID, type ServerName } from '../contract/ids.ts';
import { type Level, LOSS_ACTION } from '../contract/record.ts';
import type { SequenceRange } from '../contract/sequence-ranges.ts';
import type { EncodedRecord } from './buffer/types.ts';
import { encodeObject } from './sources/record-encoder.ts';

/** What the archive is told of records that will never come (DESIGN 4.3, *Ledger*; docs/FORMATS.md). */
export interface LossReport {
  readonly level: Level;
  readonly message: string;
  /** Whose sequences the ranges are; null where a damaged file didn't even tell that. */
  readonly epoch: Epoch | null;
  readonly ranges: readonly SequenceRange[];
  /** By level, or `unknown`. */
  readonly lost: Readonly<Record<string, number>>;
  readonly reason: string;
}

/** A loss receipt: a record with a sequence of its own, kept like any other. */
export function lossReceipt(report: LossReport, server: ServerName, now: number): EncodedRecord {
  const { level, message, ...context } = report;
  return encodeObject(
    { agent_id: NERVESYS_AGENT_ID, level, action: LOSS_ACTION, message, context },
    { server, now, isOwn: true },
  );
}
