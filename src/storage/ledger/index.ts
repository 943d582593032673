export type { FindingKind, LedgerEntry, LedgerFinding, LossReceipt } from './finding.ts';
export { type EpochLedger, judgeLedger, type LedgerJudgement } from './judge-ledger.ts';
export { countSequences, type SequenceRange } from './sequence-ranges.ts';
export { type ServerLedger, type VerifyOptions, type VerifyProgress, verifyArchive } from './verify-archive.ts';
