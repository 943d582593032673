import type { AlertSeverity } from './alert.ts';
import type { AgentId } from './ids.ts';
import type { Level } from './record.ts';

/** Names a template on every server: the first 16 hex digits of the SHA-256 of its text. */
export type TemplateId = string & { readonly __brand: 'TemplateId' };
export const TEMPLATE_ID_PATTERN = /^[0-9a-f]{16}$/;
/** Stands in a template's text where its lines differ. */
export const WILDCARD = '<*>';
/** Longer texts are cut before they are hashed (UTF-16 units). */
export const TEMPLATE_LENGTH_MAX = 2_000;
/** Ids that a template had before it generalised; the oldest of more are forgotten. */
export const TEMPLATE_ALIASES_MAX = 32;

/** Who judged a line, in the order of their say (docs/TRIAGE.md). */
export const TRIAGE_TIERS = ['rule', 'correction', 'detector', 'scorer', 'model'] as const;
export type TriageTier = (typeof TRIAGE_TIERS)[number];

/** A record's `triage`, and the same in the `detail` of its alert: only where people are to be told. A rule's has `rules` instead (`RuleVerdict`). */
export interface TriageVerdict {
  readonly severity: AlertSeverity;
  readonly tier: Exclude<TriageTier, 'rule' | 'model'>;
  readonly template: TemplateId;
  /** From 0 to 1; how likely people want to be told. */
  readonly score: number;
  /** For people, in a few words of English. */
  readonly reason: string;
  /** Of the detector, where one spoke. */
  readonly detector?: string;
}

/** What people said of a template: `alert` always tells, `ordinary` never (a rule still does). */
export const TEMPLATE_MARKS = ['alert', 'ordinary'] as const;
export type TemplateMark = (typeof TEMPLATE_MARKS)[number];

export interface TemplateCorrection {
  readonly template: TemplateId;
  /** As it was when it was marked: a server whose template became more general finds its own by it. */
  readonly text: string;
  readonly mark: TemplateMark;
}

/** Answer of `GET /api/v1/triage/corrections` with a server's key: all that hold, and their tag (also its `ETag`). */
export interface CorrectionsAnswer {
  readonly tag: string;
  readonly corrections: readonly TemplateCorrection[];
}

/** More are refused: each server holds them all in memory. */
export const CORRECTIONS_MAX = 5_000;

/** What a server counted of one template, one AI agent, one level, since it told before. */
export interface TemplateCount {
  readonly agent_id: AgentId;
  readonly level: Level;
  /** UTC, by arrival, `YYYY-MM-DD`. */
  readonly day: string;
  /** Of that day, UTC, 0–23. Absent: it isn't known, for there were too many to tell them apart, or an older agent. */
  readonly hour?: number;
  readonly lines: number;
}

export interface TemplateReport {
  readonly template: TemplateId;
  readonly text: string;
  /** Older ids, the oldest first. */
  readonly aliases: readonly TemplateId[];
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  /** What the tiers 1 and 2 think of it. */
  readonly is_alert: boolean;
  readonly score: number;
  readonly counts: readonly TemplateCount[];
}

/**
 * What an AI agent did with a model in an hour, as its records tell (OpenTelemetry's `gen_ai.*`, and the SDKs' own usage fields), since the server
 * told before. Each call counts once, though a span and a log tell of it (docs/TRIAGE.md).
 */
export interface AiWorkCount {
  readonly agent_id: AgentId;
  /** Null: it isn't said. */
  readonly model: string | null;
  /** UTC, by arrival, `YYYY-MM-DD`, and of that day 0–23. */
  readonly day: string;
  readonly hour: number;
  /** Those that failed included. */
  readonly calls: number;
  readonly failed_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly tool_calls: number;
  readonly tool_failures: number;
  /** In US dollars, of those calls whose records tell it. */
  readonly cost_usd: number;
  /** How many these are, and the tokens of all others. */
  readonly costed_calls: number;
  readonly uncosted_input_tokens: number;
  readonly uncosted_output_tokens: number;
}
export const MODEL_NAME_LENGTH_MAX = 100;

/** Body of `POST /api/v1/templates`, with a server's key. One that comes again under its `id` counts once. */
export interface TemplatesRequest {
  /** `<epoch>-<n>`. */
  readonly id: string;
  readonly templates: readonly TemplateReport[];
  /** Absent: there is none, or an older agent. */
  readonly ai_work?: readonly AiWorkCount[];
}

/** In one request; a server with more tells them in several. */
export const TEMPLATES_PER_REQUEST_MAX = 500;
export const COUNTS_PER_TEMPLATE_MAX = 200;
export const AI_WORK_PER_REQUEST_MAX = 500;
