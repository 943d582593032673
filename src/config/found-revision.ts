import type { Config } from './config.ts';

/** A state of the configuration as its source was found, checked whole. */
export interface FoundRevision {
  /** 12 hex digits: of the commit, or of a hash over the files; `built-in` where there is none. */
  readonly revision: string;
  readonly source: 'git' | 'folder';
  readonly commit: {
    readonly sha: string;
    readonly author: string;
    readonly subject: string;
    /** Epoch ms. */
    readonly committedAt: number;
    readonly signer: string | null;
  } | null;
  /** Path relative to the configuration's folder → text. */
  readonly files: Readonly<Record<string, string>>;
  /** Absent: refused. */
  readonly config: Config | undefined;
  readonly refusal:
    | { readonly code: string; readonly reason: string; readonly complaints: readonly string[] }
    | undefined;
}

/** How the revision of a commit is called. */
export function revisionOfCommit(sha: string): string {
  return sha.slice(0, 12);
}

/** Where whoever finds revisions hands them over. */
export interface RevisionStore {
  /**
   * Idempotent by `revision`: what the source held before, and still does, changes nothing. A new good one becomes what is rolled
   * out, by the policy in its own orchestrator.yaml; a refused one moves nothing and makes one alert (`config.refused`), which the
   * next good one resolves. A source that went back to an earlier revision rolls that one out again, unless it was rolled back.
   */
  record(found: FoundRevision, signal?: AbortSignal): Promise<'new' | 'known'>;
  /** What the source held when somebody last looked, whichever replica; `null`: nobody has. */
  found(): Promise<string | null>;
  /** The newest good revision, whatever share of the fleet has it. */
  latest(): Promise<{ readonly revision: string; readonly sha: string | null } | undefined>;
}
