import type { AlertSeverity } from '../../../contract/alert.ts';
import type { AlertKind } from '../../../contract/alert-kinds.ts';
import type { AgentId } from '../../../contract/ids.ts';
import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import type { AiEvent } from './ai-event.ts';

/** Each by its settings' key, its name in settings files and alerts, and the kind of its alerts. */
export const DETECTORS = {
  toolLoop: { name: 'tool_loop', kind: 'ai.tool_loop' },
  noProgress: { name: 'no_progress', kind: 'ai.no_progress' },
  contextLength: { name: 'context_length', kind: 'ai.context_length' },
  rateLimit: { name: 'rate_limit', kind: 'ai.rate_limit' },
  permissionStorm: { name: 'permission_storm', kind: 'ai.permission_storm' },
  falseSuccess: { name: 'false_success', kind: 'ai.false_success' },
  tokenSpend: { name: 'token_spend', kind: 'ai.token_spend' },
  promptInjection: { name: 'prompt_injection', kind: 'ai.prompt_injection' },
  rateChange: { name: 'rate_change', kind: 'triage.rate_change' },
  goneSilent: { name: 'gone_silent', kind: 'triage.gone_silent' },
} as const satisfies Record<keyof DetectorSettings, { readonly name: string; readonly kind: AlertKind }>;

export type DetectorKey = keyof typeof DETECTORS;
export type DetectorName = (typeof DETECTORS)[DetectorKey]['name'];

/** A trouble of which people are to be told. */
export interface DetectorHit {
  readonly detector: DetectorName;
  readonly kind: AlertKind;
  readonly severity: AlertSeverity;
  readonly agentId: AgentId;
  /** With detector and AI agent it names the trouble: a short mark, or empty. */
  readonly subject: string;
  /** It was told before, and goes on. */
  readonly isAgain: boolean;
  /** How often it showed since it was told before; 1 for the first time. */
  readonly count: number;
  /** For people, at most `TITLE_LENGTH_MAX`. */
  readonly title: string;
  /** In a few words. */
  readonly reason: string;
  /** The figures: thresholds, counts, tool. Plain JSON. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export const TITLE_LENGTH_MAX = 200;

/** What a detector says of a trouble. */
export interface Description {
  readonly title: string;
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A trouble that shows. Its words are made only when it is told. */
export interface Finding {
  readonly subject: string;
  /** It is over when it has not shown for so long. */
  readonly calmMs: number;
  describe(): Description;
}

/** Watches the events of one AI agent, in their order. */
export interface EventDetector {
  /** What `event` makes of what came before it; each time while the trouble lasts. `now`: epoch ms, which may be set back. */
  look(event: AiEvent, settings: DetectorSettings, now: number): Finding | undefined;
}
