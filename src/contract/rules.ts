import type { AlertSeverity } from './alert.ts';
import type { Level } from './record.ts';

/**
 * A rule of the configuration: records for which all of `when` holds get all of `effects`. Rules run in order, on the server, on each
 * record before it is stored; what an earlier one changed the later ones see.
 */
export interface RuleSettings {
  /** Unique for an AI agent; stands in records, alerts and `[redacted:<name>]`. */
  readonly name: string;
  readonly description?: string;
  readonly when: RuleConditions;
  readonly effects: RuleEffects;
}

/** All that are given must hold. In a list, one must. */
export interface RuleConditions {
  readonly levels?: readonly Level[];
  /** Names, in which `*` stands for any characters and `?` for one. */
  readonly agents?: readonly string[];
  /** As `agents`. */
  readonly actions?: readonly string[];
  /** Texts that stand in the message, upper and lower case told apart. */
  readonly contains?: readonly string[];
  /** A `LinearPattern` that is found in the message. */
  readonly matches?: string;
  readonly context?: readonly ContextCondition[];
  /** So many records of an AI agent, for which the rest holds, within so long; to a sixtieth of that time. */
  readonly rate?: { readonly moreThan: number; readonly withinMs: number };
  /** No record of an AI agent, for which the rest holds, for so long. */
  readonly absentForMs?: number;
}

export type ContextValue = string | number | boolean | null;

/** About the value at `path` in the context; an absent one fulfils only `exists: false` and `isNot`. */
export interface ContextCondition {
  /** Keys with dots between; a key may hold dots itself. */
  readonly path: string;
  readonly is?: readonly ContextValue[];
  readonly isNot?: readonly ContextValue[];
  readonly above?: number;
  readonly atLeast?: number;
  readonly below?: number;
  readonly atMost?: number;
  readonly exists?: boolean;
  /** Texts that stand in it, or are items of it. */
  readonly contains?: readonly string[];
  readonly matches?: string;
}

export interface RuleEffects {
  readonly alert?: { readonly severity: AlertSeverity; readonly title?: string };
  /** Who is to be told, by names that the orchestrator's channels know; goes with the alert. */
  readonly route?: readonly string[];
  /** Noted in `context._tags`. */
  readonly tags?: readonly string[];
  /** The record isn't stored; counted. */
  readonly drop?: boolean;
  /** This share of the records, from 0 to 1, is stored, evenly; the rest is dropped. Noted in `context._sampled`. */
  readonly sampleShare?: number;
  /** What is replaced by `[redacted:<name>]`: matches in message and context, and whole values of the context. */
  readonly redact?: { readonly matches?: string; readonly paths?: readonly string[] };
  /** The record is ordinary, whatever the triage would think of it: nothing after the rules judges it. */
  readonly ordinary?: true;
  readonly setLevel?: Level;
  readonly setAction?: string;
}

/** Keys in a record's context that rules write. */
export const TAGS_KEY = '_tags';
export const SAMPLED_KEY = '_sampled';

/** A record's `triage` where a rule has made an alert of it. */
export interface RuleVerdict {
  readonly severity: AlertSeverity;
  /** The names of the rules, in their order. */
  readonly rules: readonly string[];
}
