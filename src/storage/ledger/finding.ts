import type { Epoch, Sequence } from '../../contract/ids.ts';
import type { SequenceRange } from '../../contract/sequence-ranges.ts';

/**
 * What is wrong with an archive. `missing`: sequences in no object and in no loss receipt. `doubled`: sequences in two
 * objects. `damaged`: an object that isn't what its manifest says. `foreign`: an object that has no place where it stands.
 * `chain`: a manifest that isn't the one its successor names. `receipt`: a loss receipt that contradicts what is archived.
 */
export type FindingKind = 'missing' | 'doubled' | 'damaged' | 'foreign' | 'chain' | 'receipt';

export interface LedgerFinding {
  readonly kind: FindingKind;
  readonly epoch?: Epoch;
  /** The objects it is about; for `missing`, those before and after the gap. */
  readonly keys: readonly string[];
  readonly ranges?: readonly SequenceRange[];
  /** In words, without the epoch. */
  readonly message: string;
}

/** What a record with the action `nervesys.loss` says: these sequences will never come. */
export interface LossReceipt {
  /** The receipt's own `id`. */
  readonly id: string;
  readonly key: string;
  /** Whose sequences these are; a salvaged buffer tells of the epoch before its own. */
  readonly epoch: Epoch;
  readonly ranges: readonly SequenceRange[];
  /** Per level; all zero where nobody could know. */
  readonly lostRecords: number;
}

/** What the ledger must know of a batch object; what was read of its text is summed up in `ranges` and `receipts`. */
export interface LedgerEntry {
  readonly key: string;
  readonly bytes: number;
  readonly windowAt: number;
  readonly epoch: Epoch;
  readonly previousEpoch: Epoch | null;
  readonly first: Sequence;
  readonly last: Sequence;
  readonly records: number;
  /** Of the manifest's JSON as it stands in the object. */
  readonly manifestSha256: string;
  readonly previousManifestSha256: string | null;
  /** The manifest that it had before records were given up, as its successor may name it. */
  readonly resealedFrom: string | undefined;
  /** The sequences of its records; of a damaged object, those that its manifest claims. */
  readonly ranges: readonly SequenceRange[];
  readonly receipts: readonly LossReceipt[];
}
