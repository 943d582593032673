/** What became of a revision of the configuration (DESIGN story 4). */
export const REVISION_STATES = ['refused', 'checked', 'rolling', 'everywhere', 'replaced', 'rolled_back'] as const;
export type RevisionState = (typeof REVISION_STATES)[number];

/** A commit of the configuration's repository. */
export interface CommitView {
  readonly sha: string;
  readonly author: string;
  readonly subject: string;
  readonly committed_at: string;
  /** Who signed it; null: nobody whose signature counts. */
  readonly signer: string | null;
}

/** A revision, as `GET /api/v1/revisions` lists it. */
export interface RevisionView {
  readonly revision: string;
  readonly source: 'git' | 'folder';
  readonly state: RevisionState;
  /** Why it was refused, or rolled back. */
  readonly reason: string | null;
  readonly found_at: string;
  /** Since when it is in this state. */
  readonly state_at: string;
  /** Every server was to run it at some time: it can be gone back to at once. Absent: an older orchestrator. */
  readonly was_everywhere?: boolean;
  /** Null: not from Git. */
  readonly commit: CommitView | null;
}

/** One revision whole, `GET /api/v1/revisions/<revision>`. */
export interface RevisionDetail extends RevisionView {
  /** What the check has found; empty for a good one. */
  readonly complaints: readonly string[];
  /** Path relative to the folder → text. Null: refused, or too old to be kept whole. */
  readonly files: Readonly<Record<string, string>> | null;
  /** How it was rolled out, newest first. */
  readonly rollouts: readonly RolloutView[];
}

export const ROLLOUT_STATES = ['rolling', 'paused', 'done', 'replaced', 'halted', 'rolled_back'] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

/** What halted a rollout: which sign, in words, and where. */
export interface RolloutFinding {
  readonly sign: 'refused' | 'silent' | 'errors' | 'losses';
  readonly text: string;
  /** At most `FINDING_SERVERS_MAX`. */
  readonly servers: readonly string[];
}
export const FINDING_SERVERS_MAX = 20;

export interface RolloutView {
  readonly id: string;
  readonly revision: string;
  /** What those run who are not reached yet, and everybody again should it fail. */
  readonly previous: string;
  readonly state: RolloutState;
  /** From 1 on. */
  readonly stage: number;
  /** In words: `10%`, `AIGARDEN01, AIGARDEN02`, `100%`. */
  readonly stages: readonly string[];
  readonly started_at: string;
  readonly stage_at: string;
  /** When the next stage may begin, or the last one is over; null: it has ended, or is paused. */
  readonly next_at: string | null;
  /** Why the next stage has not begun though its time has come. */
  readonly hold: string | null;
  readonly findings: readonly RolloutFinding[];
  /** Why it was ended or paused. */
  readonly reason: string | null;
  /** Who did it, or has paused it; null: nobody, it ended by itself. */
  readonly ended_by: string | null;
  readonly ended_at: string | null;
}

/** Which revisions the fleet runs, in short: part of `GET /api/v1/fleet`, and the `config` event. */
export interface FleetConfig {
  /** What everybody is to run in the end; null: there is no configuration yet. */
  readonly desired: string | null;
  /** What is under way. */
  readonly rollout: Pick<
    RolloutView,
    'revision' | 'previous' | 'state' | 'stage' | 'stages' | 'next_at' | 'hold'
  > | null;
  /** Servers whose key opens. */
  readonly servers: number;
  /** How many of them run what, most first; null: they have not said. */
  readonly running: readonly { readonly revision: string | null; readonly servers: number }[];
  readonly refused: readonly ConfigRefusal[];
  /** Refusals beyond those that are listed. */
  readonly refused_more: number;
}

export interface ConfigRefusal {
  readonly server: string;
  /** What it was offered. */
  readonly revision: string | null;
  readonly reason: string;
}
export const REFUSALS_LISTED_MAX = 50;

/** A server's part in it. */
export interface ServerConfigView {
  readonly server: string;
  /** What it is to run now; null: there is no configuration, or it doesn't ask here for its own (it pulls from Git). */
  readonly desired: string | null;
  readonly running: string | null;
  /** Why it does not run what it was offered. */
  readonly error: string | null;
}

/** `GET /api/v1/rollout`. */
export interface RolloutAnswer {
  readonly now: string;
  readonly config: FleetConfig;
  /** What the source holds now, and why it isn't rolled out where it isn't; null: nothing was found yet. Absent: an older orchestrator. */
  readonly found?: Pick<RevisionView, 'revision' | 'state' | 'reason'> | null;
  /** The one under way, else the last. */
  readonly rollout: RolloutView | null;
  readonly servers: readonly ServerConfigView[];
}
