import type { ServerName } from '../contract/ids.ts';
import type { RedactionSettings } from '../contract/redaction.ts';
import type { RuleSettings } from '../contract/rules.ts';
import type { ModelSettings, TriageSettings } from '../contract/triage-settings.ts';
import type { ChannelSettings, Weekday } from './channel-settings.ts';
import type { CommitSigner } from './commit-signer.ts';
import type { ReportSettings } from './report-settings.ts';

/** The whole configuration: checked, merged with the defaults, in ms and bytes, frozen. */
export interface Config {
  /** Names this state of the files: the first 12 hex digits of a SHA-256 over them, or `built-in` when there are none. */
  readonly revision: string;
  /** The AI agents that have a file, by `agentId`. */
  readonly agents: readonly AgentSettings[];
  /** What any other AI agent gets. */
  readonly agentDefaults: AgentDefaults;
  /** Sources that are open once on every server (or those of the defaults' `servers`). */
  readonly sharedSources: readonly SharedSource[];
  /** Where lean agents take records. */
  readonly agentListen: AgentListen;
  /** Where the lean agent gets its configuration; only what stands below its own home counts. */
  readonly configSource: ConfigSource;
  /** The language model that a server asks about lines in doubt. */
  readonly triageModel: ModelSettings;
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
  /** What is taken out of its records before they are stored. */
  readonly redaction: RedactionSettings;
  /** What is done with its records, in order. */
  readonly rules: readonly RuleSettings[];
  /** How its records are judged that no rule speaks of. */
  readonly triage: TriageSettings;
  readonly thresholds: Thresholds;
}

export interface AgentSettings extends AgentDefaults {
  readonly agentId: string;
  readonly sources: readonly Source[];
}

export type Source = FileSource | SharedSource;
export type SharedSource = SyslogSource | JournaldSource;

/** A file, or a pattern of files, whose lines become records of an AI agent. */
export interface FileSource {
  /** Absolute; `*` and `?` stand for characters of one name, `**` for folders. */
  readonly file: string;
  /** Where a file starts that is seen for the first time. */
  readonly startAt: 'beginning' | 'end';
  /** Absent: each line for what it is. */
  readonly format?: 'auto' | 'json' | 'logfmt' | 'plain';
  /** Which lines make one record together; absent: each is one. `start` is a `LinearPattern`. */
  readonly multiline?: 'auto' | { readonly start: string };
  /** Of times that name none; absent: the host's. */
  readonly timeZone?: string;
  /** What becomes of its records when the buffer is full; absent: `hold`. */
  readonly onFull?: OnFull;
}

/** `hold`: the source waits. `evict`: it doesn't, and its least valuable records are given up, with a loss receipt. */
export type OnFull = 'hold' | 'evict';

/** Messages of syslog; at least one address is given. `agentIdFrom` absent: `fixed` in an AI agent's file, else `app_name`. */
export interface SyslogSource {
  readonly syslog: {
    readonly udp?: ListenAddress;
    readonly tcp?: ListenAddress;
    readonly agentIdFrom?: 'app_name' | 'fixed';
    readonly timeZone?: string;
  };
  /** Absent: `evict` for datagrams, `hold` for connections. */
  readonly onFull?: OnFull;
}

/** The journal of systemd units. `agentIdFrom` absent: `fixed` in an AI agent's file, else `unit`. */
export interface JournaldSource {
  readonly journald: { readonly units: readonly string[]; readonly agentIdFrom?: 'unit' | 'fixed' };
  /** Absent: `hold`. */
  readonly onFull?: OnFull;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface AgentListen {
  readonly host: string;
  readonly port: number;
  /** Further names by which programs may call it. */
  readonly hosts: readonly string[];
  /** Absent: `agent/agent.sock` below the home. */
  readonly socketPath: string | undefined;
  /** Permission bits. */
  readonly socketMode: number;
}

/** A value at the limit or above it breaches it; 0 breaches none. Percents are 0–100. */
export interface Limit {
  readonly warning: number;
  readonly critical: number;
  /** How long it must last before people are told. */
  readonly forMs: number;
  /** It is over when the value is so many percent of the limit below it… */
  readonly hysteresisPercent: number;
  /** …and has been for so long. */
  readonly clearAfterMs: number;
}

export interface Thresholds {
  readonly cpuPercent: Limit;
  readonly ramPercent: Limit;
  readonly diskPercent: Limit;
  /** Share of the buffer's limit. */
  readonly bufferPercent: Limit;
  readonly errorsPerMinute: Limit;
  readonly oldestUnarchivedMs: Limit;
  /** Of the last hour. */
  readonly lostRecords: Limit;
  /** In either direction. */
  readonly clockSkewMs: Limit;
}

export interface OrchestratorSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** The address that tokens carry; absent: the one it listens on. */
  readonly publicUrl: string | undefined;
  /** Addresses and networks (`10.0.0.0/8`) of proxies whose word on a client's address is believed. */
  readonly trustedProxies: readonly string[];
  readonly tls: TlsSettings;
  readonly heartbeat: { readonly intervalMs: number; readonly lateAfterMs: number; readonly downAfterMs: number };
  /** The repository that is followed. */
  readonly git: GitSettings;
  /** A server exchanges a key that is older than this. */
  readonly keys: { readonly rotateAfterMs: number };
  /** Absent in the part that a server is served: nothing there is for it. */
  readonly rollout?: RolloutSettings;
  /** Absent as `rollout` is. */
  readonly history?: HistorySettings;
  /** How alerts become messages. Absent as `channels` is. */
  readonly alerts?: AlertSettings;
  /** By which people are told, as they stand in the file. Absent as `rollout` is, and in revisions from before there were any. */
  readonly channels?: readonly ChannelSettings[];
  /** The sign of life outward. Absent as `channels` is. */
  readonly deadMan?: { readonly intervalMs: number };
  /** Absent as `rollout`. */
  readonly backup?: BackupSettings;
  /** Absent as `channels` is. */
  readonly reports?: ReportSettings;
}

export interface AlertSettings {
  /** Alerts of one kind that open within this time are told as one message; critical ones within the second. */
  readonly groupWaitMs: number;
  readonly criticalWaitMs: number;
  /** What joins a message that was told already is told so long after it at the earliest, unless it is worse. */
  readonly groupIntervalMs: number;
  /** Critical alerts that nobody has acknowledged are told again so often; absent: never. */
  readonly remindAfterMs: number | undefined;
  /** That something which flaps is over is told when it has stayed so for this long. */
  readonly settleMs: number;
  /** Alerts whose end nobody tells count as over when they were not told again for this long. */
  readonly resolveAfterMs: number;
  readonly maintenance: readonly MaintenanceWindow[];
}

/** Nobody is told about these servers then. Minutes after midnight in its zone; `to` at or before `from` is of the next day. */
export interface MaintenanceWindow {
  readonly servers: readonly string[];
  readonly fromMinutes: number;
  readonly toMinutes: number;
  readonly days: readonly Weekday[];
  readonly timeZone: string;
  readonly reason: string | undefined;
}

/** When the database is backed up, what goes along, and which backups stay. */
export interface BackupSettings {
  readonly enabled: boolean;
  /** `HH:MM`, local time of `timeZone`. */
  readonly at: string;
  readonly timeZone: string;
  /** So far back, single heartbeats go along. */
  readonly beatsMs: number;
  readonly keep: { readonly daily: number; readonly weekly: number; readonly monthly: number };
}

/** How long the history of the AI agents is kept: each beat, and its roll-ups. */
export interface HistorySettings {
  readonly beatsMs: number;
  readonly fiveMinutesMs: number;
  readonly hoursMs: number;
  readonly daysMs: number;
  /** Templates and their counts; absent in revisions from before there were any. */
  readonly templatesMs?: number;
}

/** How a new revision reaches the fleet. Shares are from 0 to 1. */
export interface RolloutSettings {
  /** Who gets it first; absent: a tenth, and everybody in a small fleet. */
  readonly canary: { readonly share: number } | { readonly servers: readonly ServerName[] } | undefined;
  /** How long each stage is watched. */
  readonly waitMs: number;
  /** The shares that follow, growing; everybody comes last. */
  readonly shares: readonly number[];
  readonly haltOn: {
    readonly silentShare: number;
    readonly errorsFactor: number;
    readonly refusedServers: number;
    readonly lostRecords: number;
  };
}

export interface GitSettings {
  /** Absent: none is. */
  readonly repository: string | undefined;
  /** A branch or a tag. */
  readonly branch: string;
  /** The folder in it; empty: its root. */
  readonly path: string;
  readonly pollMs: number;
  /** Only commits that one of these has signed are taken; absent: any. */
  readonly signedBy: readonly CommitSigner[] | undefined;
}

export interface ConfigSource extends GitSettings {
  /** `folder`: the files below the home. Absent: the orchestrator, unless somebody has written settings files there. */
  readonly source: 'orchestrator' | 'git' | 'folder' | undefined;
}

export interface TlsSettings {
  /** `auto`: beyond loopback an authority of its own; `certificate`: the given one; `off`: plain HTTP. */
  readonly mode: 'auto' | 'certificate' | 'off';
  /** Both absolute paths, and there with `certificate` only. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Further names in a certificate of its own. */
  readonly names: readonly string[];
  readonly allowPlainHttp: boolean;
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
  /** By what a server writes to the bucket: the orchestrator's permission for each object, temporary keys from it, or keys of its own. */
  readonly credentials: 'presigned' | 'scoped' | 'static';
  /** How long temporary keys are good. */
  readonly credentialsTtlMs: number;
  readonly retention: {
    /** Absent: logs are kept for ever. */
    readonly logsMs: number | undefined;
    readonly by: 'auto' | 'store' | 'job';
  };
  readonly archive: {
    readonly bucket: string;
    readonly endpoint: string;
    readonly region: string;
    readonly addressing: 'path' | 'virtual_host';
    /** Where temporary keys come from; see `StsIssuer` for what holds where they are absent. */
    readonly sts: {
      readonly endpoint: string | undefined;
      readonly roleArn: string | undefined;
      readonly allowOverwriting: boolean;
    };
    readonly uplink: { readonly program: string; readonly authService: string | undefined };
  };
  /** What the archive costs, for reports; absent: nobody has said, and costs aren't known. */
  readonly prices?: ArchivePrices;
}

/** In `currency` (three letters, ISO 4217). */
export interface ArchivePrices {
  readonly currency: string;
  /** Of keeping 10¹² bytes for 30 days. */
  readonly keepTbMonth: number;
  /** Of a million objects written. */
  readonly writeMillion: number;
  /** Of keeping a million objects for 30 days (Storj counts segments). */
  readonly keepMillionMonth: number;
}
