import type { OnFull } from '../../config/index.ts';
import type { BatchManifest } from '../../contract/batch.ts';
import type { AgentId, Epoch, Sequence } from '../../contract/ids.ts';
import type { ArchivedRecord, Level } from '../../contract/record.ts';

/** A record ready to be stored: what the buffer must know of it, and its archived JSON without the id. */
export interface EncodedRecord {
  readonly agentId: AgentId;
  readonly level: Level;
  readonly action: string;
  /** ISO 8601, UTC, ms. */
  readonly timestamp: string;
  /** The archived object from `"timestamp":` to its closing brace; the buffer puts `{"id":"…",` before it. No line break. */
  readonly json: string;
  /** Where the record has its bytes at hand: how many `json` is as UTF-8, and what writes them, which spares making text of them. */
  readonly byteLength?: number;
  /** Writes them at `out[at]`, and returns where they end. */
  writeTo?(out: Buffer, at: number): number;
  /** Whether its timestamp is earlier (negative) or later (positive) than another's, without making text of them. */
  compareTimestamp?(other: Pick<EncodedRecord, 'timestamp'>): number;
  /** The beginning of its message as it stands in `json`, escapes and all, of so many bytes at most: perhaps cut within a character. */
  messageJson?(bytesMax: number): string;
  /** A rule has said the last word on whether people are to be told of it: no other judge looks at it. */
  readonly isJudged?: boolean;
  /** Nobody said its level: it stands for want of another. Absent: somebody did. */
  readonly isLevelAssumed?: boolean;
}

/** What is stored together with records, in the same transaction. */
export interface AppendOptions {
  /** A client's `Idempotency-Key`: a repeat within 10 minutes answers what the first was answered, and stores nothing. */
  readonly idempotencyKey?: string;
  /** The answer to remember under that key. */
  readonly answer?: string;
  /** Where rules stand before the buffer: the answer to remember instead, once they have decided how many records are stored and dropped. */
  readonly answerAfterRules?: (kept: number, dropped: number) => string;
  /** The revision of the configuration under which they were taken; absent: the one that was set last. */
  readonly revision?: string;
  /** How many records rules have dropped that came with these. */
  readonly dropped?: number;
  /**
   * What becomes of these records when the buffer is full (DESIGN, promise 2): `hold`, the default, refuses them, so that their source waits;
   * `evict`, for sources that can't: the least valuable records of such sources are given up, perhaps of these, with a receipt.
   */
  readonly onFull?: OnFull;
  /** 32 bits of what was sent under that key, not 0: a repeat with others is refused. Absent: not compared. */
  readonly bodyMark?: number;
  /** File positions that these records stand for. */
  readonly positions?: readonly TailPosition[];
}

export interface AppendResult {
  /** The remembered answer of the first request with this key; then nothing was stored now. */
  readonly repeatedAnswer?: string;
  /** What rules have made of the records; absent: all were stored as they are. */
  readonly ruled?: RuledRecords;
}

export interface RuledRecords {
  /** As they were stored. */
  readonly kept: readonly EncodedRecord[];
  readonly dropped: readonly EncodedRecord[];
}

/** How far a file was read. `file` is its identity (device and inode), `path` where it was last seen. */
export interface TailPosition {
  readonly file: string;
  readonly path: string;
  readonly offset: number;
  /** SHA-256 of the file's first bytes (up to 256), so that a reused inode is not mistaken for the old file. */
  readonly fingerprint: string;
  /** How many bytes the fingerprint covers. */
  readonly fingerprintBytes: number;
}

/** Filter of the short-term memory. Newest first. */
export interface RecentQuery {
  readonly agentId?: AgentId;
  /** This level and above. */
  readonly level?: Level;
  /** Epoch ms. */
  readonly since?: number;
  readonly limit: number;
}

/** What an AI agent recorded right before a record, or last. */
export interface LinesBeforeQuery {
  readonly agentId: AgentId;
  /** The record, as `EncodedRecord.json`. Absent: what came last. */
  readonly json?: string | undefined;
  readonly limit: number;
  /** As JSON. */
  readonly bytesMax: number;
}

export interface BufferStats {
  readonly epoch: Epoch;
  /** db + -wal + -shm. */
  readonly bytes: number;
  readonly limitBytes: number;
  /** Records in the open window and in sealed batches. */
  readonly records: number;
  readonly openRecords: number;
  readonly batches: readonly {
    readonly id: number;
    readonly first: Sequence;
    readonly last: Sequence;
    readonly records: number;
    readonly bytes: number;
    readonly key: string | null;
    readonly sealedAt: number;
  }[];
  /** Arrival of the oldest record not yet archived, epoch ms. */
  readonly oldestAt: number | null;
  readonly lastArchivedAt: number | null;
  readonly lastSequence: Sequence;
  /** Given up since this epoch began, each told by a loss receipt. */
  readonly lostRecords: number;
  /** Dropped by rules since this epoch began. */
  readonly droppedRecords: number;
  /** Requests with an `Idempotency-Key` that are remembered. */
  readonly rememberedKeys: number;
  readonly held: boolean;
}

/** A sealed batch as it waits in the buffer. */
export interface SealedBatch {
  readonly id: number;
  readonly manifest: BatchManifest;
  readonly windowAt: number;
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string;
  /** The key that was durably noted before the first attempt. */
  readonly key: string | null;
  readonly sealedAt: number;
}

/** What sources and doors use of the buffer; `LogBuffer` is the real one. */
export interface RecordSink {
  /** Resolves once the records are committed to disk; rejects with `NSV_BUFFER_FULL`, `NSV_RECORDS_TOO_LARGE`, `NSV_SHUTTING_DOWN`, or, by its key, `NSV_KEY_REUSED` or `NSV_TOO_MANY_KEYS`; then nothing was stored. */
  append(records: readonly EncodedRecord[], options?: AppendOptions): Promise<AppendResult>;
  positions(): readonly TailPosition[];
  forgetPosition(file: string): void;
  recent(query: RecentQuery): Promise<readonly ArchivedRecord[]>;
  stats(): BufferStats;
}
