import type { AgentId, ServerName } from './ids.ts';

/** Severity of a record, least first. */
export const LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'] as const;
export type Level = (typeof LEVELS)[number];
export type LevelCounts = Readonly<Record<Level, number>>;

export function isLevel(text: unknown): text is Level {
  return typeof text === 'string' && (LEVELS as readonly string[]).includes(text);
}

export function emptyLevelCounts(): Record<Level, number> {
  return { DEBUG: 0, INFO: 0, WARN: 0, ERROR: 0, CRITICAL: 0 };
}

/** Longer text is cut at a character boundary and marked in `context._truncated`, never refused (UTF-8 bytes). */
export const MESSAGE_BYTES_MAX = 64 * 1024;
export const CONTEXT_BYTES_MAX = 256 * 1024;
/** A source line longer than this is cut before it is parsed. */
export const RECORD_BYTES_MAX = 1024 * 1024;

/**
 * The action of a loss receipt (docs/FORMATS.md), by which `archive verify` takes sequences as given up: only the lean agent itself
 * writes it. From any source it becomes a note in the context.
 */
export const LOSS_ACTION = 'nervesys.loss';

/** The action by which `nervesys exec` tells how a program ended; its status tells people of it. */
export const EXIT_ACTION = 'nervesys.exit';

/** A record as it stands in the archive: one JSON object a line, keys in this order (DESIGN 4.1). */
export interface ArchivedRecord {
  /** `<epoch>-<sequence>`. */
  readonly id: string;
  /** ISO 8601, UTC, ms. As the source gave it; the time of arrival where it gave none. */
  readonly timestamp: string;
  readonly level: Level;
  readonly server: ServerName;
  readonly agent_id: AgentId;
  readonly action: string;
  readonly message: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly triage?: Readonly<Record<string, unknown>>;
}

/** A line that couldn't be taken, named so that its sender can mend it. `line` counts from 1. */
export interface RejectedLine {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** The answer of `POST /logs`, given once the accepted records are on disk. */
export interface LogsAnswer {
  readonly accepted: number;
  /** Taken, and dropped by a rule of the configuration. */
  readonly dropped: number;
  /** The first hundred. */
  readonly rejected: readonly RejectedLine[];
  /** How many more were rejected than are listed; absent when all are. */
  readonly rejected_more?: number;
}
