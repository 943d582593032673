import type { AgentId, Epoch, Sequence, ServerName } from './ids.ts';
import type { LevelCounts } from './record.ts';

/** One independent gzip member of an archive object. Offsets count from the end of the manifest member. */
export interface BatchMember {
  readonly offset: number;
  readonly bytes: number;
  readonly text_bytes: number;
  readonly first: Sequence;
  readonly last: Sequence;
}

/** Records from `first` on were taken under this revision of the configuration, until the next one. */
export interface ConfigSpan {
  readonly revision: string;
  readonly first: Sequence;
}

/** What a batch says of itself, in the FEXTRA subfield `NV` of its first gzip member (DESIGN 4.3, docs/FORMATS.md). */
export interface BatchManifest {
  readonly version: 1;
  readonly server: ServerName;
  readonly epoch: Epoch;
  readonly previous_epoch: Epoch | null;
  readonly first: Sequence;
  readonly last: Sequence;
  /** ISO 8601 start of the window, and its length. */
  readonly window: string;
  readonly window_ms: number;
  readonly records: number;
  readonly levels: LevelCounts;
  /** Records per AI agent, most records first; at most `MANIFEST_AGENTS_MAX`, the rest in `agents_more`. */
  readonly agents: Readonly<Record<AgentId, number>>;
  readonly agents_more: number;
  /** The least and greatest `timestamp` of its records. */
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  /** Of the uncompressed NDJSON. */
  readonly text_bytes: number;
  readonly text_sha256: string;
  /** Records that a rule dropped while this batch was open. */
  readonly dropped: number;
  /** The revisions of the configuration under which its records were taken, each from which record on. Absent: written before that was noted. */
  readonly configs?: readonly ConfigSpan[];
  readonly members: readonly BatchMember[];
  /** SHA-256 of the manifest JSON of the batch before, within the epoch; null for an epoch's first. */
  readonly previous_manifest_sha256: string | null;
  /**
   * SHA-256 of the manifest JSON that this batch had at first, where records were given up since: the batch after it names that one as
   * the one before. Absent otherwise.
   */
  readonly resealed_from?: string;
}

/** A gzip FEXTRA field holds 65,535 bytes; this many agents, of 50 characters in any script, keep a manifest well below. */
export const MANIFEST_AGENTS_MAX = 200;

/** A batch as it is announced: its manifest and what identifies its bytes. */
export interface BatchAnnouncement {
  readonly manifest: BatchManifest;
  /** Of the whole object. */
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string;
}

/** What the orchestrator answers to an announcement: where the batch belongs, and the permission to put it there. */
export type BatchPermission =
  | { readonly state: 'archived'; readonly key: string }
  | {
      readonly state: 'upload';
      readonly key: string;
      readonly method: 'PUT';
      readonly url: string;
      /** To be sent exactly as given; part of what was signed. */
      readonly headers: Readonly<Record<string, string>>;
      readonly expires_at: string;
    };

/** What the agent reports after its attempt. `taken`: the store answered that the name is taken (412). */
export interface BatchConfirmation {
  readonly epoch: Epoch;
  readonly first: Sequence;
  readonly last: Sequence;
  readonly sha256: string;
  readonly key: string;
  readonly outcome: 'stored' | 'taken';
}
