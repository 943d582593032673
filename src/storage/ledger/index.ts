export { countSequences, type SequenceRange } from '../../contract/sequence-ranges.ts';
export type { FindingKind, LedgerEntry, LedgerFinding, LossReceipt } from './finding.ts';
export { type EpochLedger, judgeLedger, type LedgerJudgement } from './judge-ledger.ts';
export { type ServerLedger, type VerifyOptions, type VerifyProgress, verifyArchive } from './verify-archive.ts';
