import type { AlertSeverity } from './alert.ts';
import type { CorrectionView } from './fleet-templates.ts';
import type { AgentState, AgentStatus, Heartbeat, ProcessVitals, Vitals } from './heartbeat.ts';
import type { LevelCounts } from './record.ts';
import type { FleetConfig } from './rollout.ts';

/** One AI agent in the fleet, as `GET /api/v1/fleet` and the `fleet` event tell it. */
export interface FleetAgent {
  readonly agent_id: string;
  readonly server: string;
  /** The agent's own word in its latest beat. */
  readonly status: AgentStatus;
  /** The orchestrator's judgement and why, in words. */
  readonly state: AgentState;
  readonly reason: string;
  readonly metrics: Vitals;
  readonly last_action: string | null;
  readonly uptime_seconds: number;
  /** The beat's own time, and when the orchestrator received it (its clock decides). */
  readonly timestamp: string;
  readonly received_at: string;
  readonly last_seen_at: string | null;
  readonly backlog_records: number;
  readonly agent_version: string;
  /** Since when it is in this state; null: not judged yet. Absent: an older orchestrator. */
  readonly state_at?: string | null;
  /** `last_seen_at` by the orchestrator's clock, for the host's may be wrong. Absent: an older orchestrator. */
  readonly seen_at?: string | null;
  /** What its own process uses, with those it has started. Absent: it named none, or an older orchestrator. */
  readonly process?: ProcessVitals;
}

export interface FleetServer {
  readonly server: string;
  readonly state: AgentState;
  /** As in `FleetAgent`. Absent: an older orchestrator. */
  readonly reason?: string;
  readonly state_at?: string | null;
  /** How far its clock is ahead of the orchestrator's (behind: negative), as it has measured it; null: not told yet. Nothing is judged by it. */
  readonly clock_skew_ms?: number | null;
  readonly enrolled_at: string;
  readonly last_seen_at: string | null;
  readonly agent_version: string | null;
  readonly agents: number;
  /** Of the key that opens now; null: none does (revoked). Absent: an older orchestrator. */
  readonly key_created_at?: string | null;
  /** What it says of its configuration. Absent: an older orchestrator. */
  readonly config?: Heartbeat['config'];
}

/** Answer of `POST /api/v1/tokens`. */
export interface TokenAnswer {
  readonly id: string;
  /** The one string that carries address and secret. Shown this once. */
  readonly token: string;
  readonly expires_at: string;
  /** What the token carries besides its secret: the address, and the certificate that is pinned. Absent: an older orchestrator. */
  readonly url?: string;
  readonly fingerprint?: string | null;
  /** SHA-256 of the script that this orchestrator hands out to bare hosts (`GET agent/bootstrap.sh`); null: it hands out none. */
  readonly bootstrap_sha256?: string | null;
}

/** An enrolment token as people see it: everything but its secret, which nobody can show again. */
export interface TokenView {
  readonly id: string;
  /** A server's name, or a pattern with `*` and `?`; null: any. */
  readonly server: string | null;
  readonly uses: number;
  /** Null: any number. */
  readonly uses_max: number | null;
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly state: 'open' | 'used' | 'expired' | 'revoked';
}

export interface FleetAnswer {
  /** The orchestrator's clock: ages are counted from it, not from the reader's. */
  readonly now: string;
  readonly servers: readonly FleetServer[];
  readonly agents: readonly FleetAgent[];
  /** Which revisions run. Absent: an older orchestrator, or one server was asked for. */
  readonly config?: FleetConfig;
}

/** Answer of `GET /api/v1/servers/<server>`: the server, and how each AI agent on it is. */
export interface ServerDetail extends FleetServer {
  readonly now: string;
  readonly ai_agents: readonly FleetAgent[];
}

/** Answer of `GET /api/v1/agents/<agent_id>`: the one asked for, or that was heard last, and those of this name on other servers. */
export interface AgentDetail extends FleetAgent {
  readonly now: string;
  readonly elsewhere: readonly FleetAgent[];
}

/** Vitals of a point in a chart; null: nothing is known. */
export type HistoryVitals = {
  readonly [name in keyof Pick<Vitals, 'cpu_percent' | 'ram_percent' | 'disk_percent' | 'buffer_size_mb'>]:
    | number
    | null;
};

/** One point of an AI agent's vitals, `GET /api/v1/agents/<agent_id>/history?server=&minutes=60`, oldest first. */
export interface HistoryPoint extends HistoryVitals {
  /** Epoch seconds; of a roll-up its beginning. */
  readonly at: number;
  /** What was rolled up; the vitals above are its means. Absent: a single beat. */
  readonly rollup?: HistoryRollup;
}

export interface HistoryRollup {
  readonly beats: number;
  /** Of the time of this point, how much the beats stand for. */
  readonly covers_seconds: number;
  /** The worst one. */
  readonly status: AgentStatus;
  readonly least: HistoryVitals;
  readonly most: HistoryVitals;
  readonly level_counts: LevelCounts;
  /** What the server's counters grew by. */
  readonly lost_records: number;
  readonly dropped_records: number;
  readonly backlog_records_most: number;
  readonly oldest_unarchived_seconds_most: number;
}

export interface HistoryAnswer {
  /** What a point stands for: a single beat, or 5 minutes, an hour, a day (UTC). Absent: an older orchestrator, beats. */
  readonly resolution?: 'beat' | '5m' | '1h' | '1d';
  readonly points: readonly HistoryPoint[];
}

/** A stored alert, as `GET /api/v1/alerts` and the `alert` event tell it. */
export interface AlertView {
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly kind: string;
  readonly title: string;
  readonly server: string;
  readonly agent_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly state: 'open' | 'acknowledged' | 'resolved';
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: string | null;
  /** Null: it isn't over, or was over by itself. */
  readonly resolved_by: string | null;
  readonly resolved_at: string | null;
  /** How often it came back soon after it was over. */
  readonly reopened: number;
}

/** What happened to an alert, oldest first. */
export interface AlertEventView {
  readonly at: string;
  readonly event: 'opened' | 'reopened' | 'worsened' | 'eased' | 'acknowledged' | 'resolved';
  readonly severity: AlertSeverity;
  readonly by: string | null;
  readonly note: string | null;
}

/** What a channel was to tell of an alert, and how it went. */
export interface AlertDeliveryView {
  readonly channel: string;
  readonly event: string;
  readonly state: 'waiting' | 'told' | 'moot' | 'failed';
  /** Why it waits though its time had come. */
  readonly held: string | null;
  readonly due_at: string;
  readonly attempts: number;
  readonly ended_at: string | null;
  readonly error: string | null;
}

/** `GET /api/v1/alerts/<id>`. */
export interface AlertDetail extends AlertView {
  readonly events: readonly AlertEventView[];
  readonly deliveries: readonly AlertDeliveryView[];
  readonly silenced_until: string | null;
  /** What people said of the template that it was made from; null: nothing. Absent: it was made from none, or an older orchestrator. */
  readonly correction?: CorrectionView | null;
}

/** Alerts that match are told to nobody meanwhile. Patterns with `*` and `?`; null: any. */
export interface SilenceView {
  readonly id: string;
  readonly server: string | null;
  readonly agent_id: string | null;
  readonly kind: string | null;
  /** This alert alone. */
  readonly alert_id: string | null;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly ended_by: string | null;
}

/** One archive object in the catalog, `GET /api/v1/archive`. */
export interface ArchiveObjectView {
  readonly key: string;
  readonly server: string;
  readonly window: string;
  readonly records: number;
  readonly bytes: number;
  readonly text_bytes: number;
  readonly archived_at: string | null;
  /** When a reindex found that the archive has lost it; null: it stands there as far as is known. */
  readonly missing_at: string | null;
}
