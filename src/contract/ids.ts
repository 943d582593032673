/** Identifiers that could be swapped by mistake are branded; the parsers here are the only way in. */
declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** An AI agent's name, `GROK`: 1–50 characters of any kind but controls (it is data, never SQL and never a path). */
export type AgentId = Brand<string, 'AgentId'>;
/** A host's name, `AIGARDEN01`; it is part of object keys, hence its narrow alphabet. */
export type ServerName = Brand<string, 'ServerName'>;
/** A record's place in an epoch of a buffer: 1, 2, 3, … without gaps. */
export type Sequence = number;
/** An incarnation of a buffer file: 16 lower-case hex digits, new whenever a buffer is created. */
export type Epoch = Brand<string, 'Epoch'>;

export const AGENT_ID_LENGTH_MAX = 50; // agent_status.agent_id VARCHAR(50)
export const AGENT_ID_PATTERN = /^[^\u0000-\u001f\u007f]{1,50}$/;
export const ACTION_LENGTH_MAX = 100; // agent_status.last_action VARCHAR(100)
export const SERVER_NAME_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;
export const EPOCH_PATTERN = /^[0-9a-f]{16}$/;

/** The AI agent that a record without `agent_id` is filed under. */
export const UNKNOWN_AGENT_ID = 'unknown' as AgentId;
/** The AI agent under which the lean agent files its own records. */
export const NERVESYS_AGENT_ID = 'nervesys' as AgentId;

export function parseServerName(text: string): ServerName | undefined {
  return SERVER_NAME_PATTERN.test(text) && !text.includes('..') ? (text as ServerName) : undefined;
}

export function parseAgentId(text: string): AgentId | undefined {
  return AGENT_ID_PATTERN.test(text) ? (text as AgentId) : undefined;
}

export function parseEpoch(text: string): Epoch | undefined {
  return EPOCH_PATTERN.test(text) ? (text as Epoch) : undefined;
}
