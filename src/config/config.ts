import type { ServerName } from '../contract/ids.ts';

/** The whole configuration: checked, merged with the defaults, in ms and bytes, frozen. */
export interface Config {
  /** Names this state of the files: the first 12 hex digits of a SHA-256 over them, or `built-in` when there are none. */
  readonly revision: string;
  /** The AI agents that have a file, by `agentId`. */
  readonly agents: readonly AgentSettings[];
  /** What any other AI agent gets. */
  readonly agentDefaults: AgentDefaults;
  readonly orchestrator: OrchestratorSettings;
  readonly storage: StorageSettings;
}

export interface AgentDefaults {
  readonly role: string;
  readonly description: string;
  /** Absent: every server. */
  readonly servers: readonly ServerName[] | undefined;
  /** Without a sign of its own for this long, an AI agent counts as silent. */
  readonly silentAfterMs: number;
  readonly thresholds: Thresholds;
}

export interface AgentSettings extends AgentDefaults {
  readonly agentId: string;
  readonly sources: readonly FileSource[];
}

/** A file, or a pattern of files, whose lines become records of an AI agent. */
export interface FileSource {
  /** Absolute; `*` and `?` stand for characters of one name, `**` for folders. */
  readonly file: string;
  /** Where a file starts that is seen for the first time. */
  readonly startAt: 'beginning' | 'end';
}

/** A value at the limit or above it breaches it. Percents are 0–100. */
export interface Limit {
  readonly warning: number;
  readonly critical: number;
}

export interface Thresholds {
  readonly cpuPercent: Limit;
  readonly ramPercent: Limit;
  readonly diskPercent: Limit;
  /** Share of the buffer's limit. */
  readonly bufferPercent: Limit;
  readonly errorsPerMinute: Limit;
  readonly oldestUnarchivedMs: Limit;
}

export interface OrchestratorSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** The address that tokens carry; absent: the one it listens on. */
  readonly publicUrl: string | undefined;
  readonly heartbeat: { readonly intervalMs: number; readonly lateAfterMs: number; readonly downAfterMs: number };
}

export interface StorageSettings {
  readonly buffer: {
    /** Absent: `agent/buffer.db` below the home. */
    readonly path: string | undefined;
    /** Of everything the agent keeps on disk. */
    readonly limitBytes: number;
  };
  readonly upload: {
    readonly windowMs: number;
    /** A batch is sealed when its uncompressed text reaches this. */
    readonly batchSizeBytes: number;
    readonly jitterMs: number;
  };
  readonly archive: {
    readonly bucket: string;
    readonly endpoint: string;
    readonly region: string;
    readonly addressing: 'path' | 'virtual_host';
  };
}
