import type { AgentId, Epoch, ServerName } from './ids.ts';
import type { LevelCounts } from './record.ts';

/** The agent's own word about an AI agent. */
export const AGENT_STATUSES = ['healthy', 'degraded', 'critical', 'stopped'] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** The orchestrator's judgement, from receive times (DESIGN 4.5). */
export const AGENT_STATES = ['up', 'degraded', 'late', 'down', 'revoked', 'retired'] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** Of the host; in a container with limits, shares of what it may use. */
export interface Vitals {
  readonly cpu_percent: number;
  readonly ram_percent: number;
  /** Of the file system that holds the buffer. */
  readonly disk_percent: number;
  readonly buffer_size_mb: number;
  /** Of the swap space. Absent: there is none, or an older agent. */
  readonly swap_percent?: number;
  /** Other file systems than the buffer's: those of the followed files and of the agent's home, at most `DISKS_MAX`. Absent: there is none. */
  readonly disks?: readonly DiskVitals[];
}

export interface DiskVitals {
  /** Where it is mounted, `/var/log`. */
  readonly mount: string;
  readonly percent: number;
  /** What others than root may still write. */
  readonly free_bytes: number;
}

export const DISKS_MAX = 8;
export const MOUNT_LENGTH_MAX = 200;

/** The process of an AI agent, with those it has started. */
export interface ProcessVitals {
  readonly pid: number;
  /** 100: one processor, all the time; several make more. Since the beat before. */
  readonly cpu_percent: number;
  /** Memory that they share is counted for each. */
  readonly rss_mb: number;
  /** How often it was started again since the lean agent knows it. */
  readonly restarts: number;
  readonly started_at: string;
}

/** An AI agent's state, each minute: the plan's fields, then ours. */
export interface Heartbeat {
  readonly agent_id: AgentId;
  readonly server: ServerName;
  readonly timestamp: string;
  readonly status: AgentStatus;
  readonly metrics: Vitals;
  readonly alerts: readonly string[];
  readonly last_action: string | null;
  readonly uptime_seconds: number;
  /** The AI agent's own last sign of life: a record, a status, a living process. */
  readonly last_seen_at: string | null;
  readonly epoch: Epoch;
  readonly backlog_records: number;
  readonly oldest_unarchived_seconds: number;
  readonly last_archived_at: string | null;
  readonly lost_records: number;
  readonly dropped_records: number;
  readonly config: {
    readonly running: string | null;
    readonly desired: string | null;
    readonly error: string | null;
    /** Where `desired` comes from: a repository that the agent follows by itself. Absent: the orchestrator, or the files below its home. */
    readonly source?: 'git';
  };
  readonly agent_version: string;
  readonly clock_skew_ms: number;
  /** Records per level since the beat before. */
  readonly level_counts: LevelCounts;
  /** Where the AI agent named its process, and it lives on this host. */
  readonly process?: ProcessVitals;
  /**
   * Rolled up while the orchestrator was away: it stands for so many seconds before `timestamp`, with means for vitals, the worst status and
   * the counts of all that time. Absent: an ordinary beat.
   */
  readonly covers_seconds?: number;
}

/** Body of `POST /api/v1/heartbeats`: all AI agents of one server in one request. */
export interface HeartbeatsRequest {
  readonly heartbeats: readonly Heartbeat[];
}

export interface HeartbeatsAnswer {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly code: string; readonly message: string }[];
  /** The orchestrator's clock, so that the agent can know its own skew. */
  readonly now: string;
  /** The agent's key has had its time: `POST enroll/rotate` gives the next. Absent: it hasn't. */
  readonly rotate_key?: boolean;
  /** There is an upgrade to ask for (`GET agent/upgrade`). Absent: there is none. */
  readonly upgrade?: boolean;
  /** The revision of the configuration that this server is to run. Absent: there is none yet, or an older orchestrator. */
  readonly config_revision?: string;
  /** The tag of the corrections that hold (`GET triage/corrections`). Absent: an older orchestrator. */
  readonly triage_corrections?: string;
}
