import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../platform/quantity.ts';

/** Options of `nervesys up`. */
export interface UpOptions {
  /** As the user gave it; see `resolveHome`. */
  readonly home?: string;
  /** Of the orchestrator. */
  readonly port?: number;
  readonly agentPort?: number;
  readonly demo?: boolean;
}

/** Options of `nervesys agent`. */
export interface AgentOptions {
  readonly home?: string;
  readonly agentPort?: number;
}

/** Options of `nervesys orchestrator`. */
export interface OrchestratorOptions {
  readonly home?: string;
  readonly port?: number;
}

/** Options of every command that talks to a running system. */
export interface ReaderOptions {
  readonly home?: string;
  readonly port?: number;
  readonly url?: string;
  readonly json?: boolean;
}

export const ORCHESTRATOR_PORT = 7700;
export const AGENT_PORT = 4318;

export function portOption(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 0 && port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

export function countOption(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError('Give a whole number, 1 or more.');
  return count;
}

/** `24h`, `90m` → ms. */
export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('Give a duration as 90s, 30m, 24h or 7d.');
  return ms;
}

/** `2026-11-26`. */
export function dayOption(text: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) === true;
  if (!isDay) throw new InvalidArgumentError('Give a day as 2026-11-26.');
  return text;
}

/** An instant: `1h` means that long ago, otherwise ISO 8601 (`2026-11-22`, `2026-11-22T16:00:00Z`; no zone means UTC). */
export type InstantOption = { readonly agoMs: number } | { readonly at: number };

export function instantOption(text: string): InstantOption {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return { agoMs };
  if (text === 'now') return { agoMs: 0 };
  if (/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) {
    const iso = text.replace(' ', 'T');
    const at = Date.parse(/T/.test(iso) && !/(Z|[+-]\d{2}:\d{2})$/.test(iso) ? `${iso}Z` : iso);
    if (!Number.isNaN(at)) return { at };
  }
  throw new InvalidArgumentError('Give a duration ago (1h, 30m) or a time (2026-11-22, 2026-11-22T16:00:00Z).');
}

export function resolveInstant(instant: InstantOption, now: number): number {
  return 'at' in instant ? instant.at : now - instant.agoMs;
}
