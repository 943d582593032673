/**
 * What an AI agent is told about itself, `GET /agents/<agent_id>/config` on the local API: so that it holds no fixed logic.
 * Any AI agent may ask; one without a file of its own gets the defaults.
 */
export interface AgentConfigAnswer {
  readonly agent_id: string;
  readonly server: string;
  /** Whether the configuration has a file for this AI agent. */
  readonly known: boolean;
  /** Whether the configuration places this AI agent on this server. */
  readonly assigned: boolean;
  readonly role: string;
  readonly description: string;
  /** After this long without a sign of its own the AI agent counts as silent. */
  readonly silent_after_seconds: number;
  readonly thresholds: Readonly<Record<ThresholdName, ThresholdLimit>>;
  /** What is done with its records, in order: as in the settings files, `{name, when, then}` (docs/CONFIG.md). */
  readonly rules: readonly Readonly<Record<string, unknown>>[];
  readonly sources: readonly { readonly file: string; readonly start_at: 'beginning' | 'end' }[];
  /** Names the configuration this answer was made from. */
  readonly revision: string;
}

/** What a threshold is set on; percents are 0–100, of the whole host except `buffer_percent` (of the buffer's limit). */
export const THRESHOLD_NAMES = [
  'cpu_percent',
  'ram_percent',
  'disk_percent',
  'buffer_percent',
  'errors_per_minute',
  'oldest_unarchived_seconds',
  'lost_records',
  'clock_skew_seconds',
] as const;
export type ThresholdName = (typeof THRESHOLD_NAMES)[number];

/** A value at a limit or above it, for `for_seconds`, is told to people; at `critical` as what cannot wait. */
export interface ThresholdLimit {
  readonly warning: number;
  readonly critical: number;
  readonly for_seconds: number;
  /** It is over when the value has been so many percent of the limit below it for `clear_after_seconds`. */
  readonly hysteresis_percent: number;
  readonly clear_after_seconds: number;
}
