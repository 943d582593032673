import type { AlertSeverity } from './alert.ts';

/** How an AI agent's lines are judged, as far as its configuration says (`triage:` in its file and in `_defaults.yaml`). */
export interface TriageSettings {
  /** Whether lines are judged that no rule speaks of. */
  readonly enabled: boolean;
  /** Of the alerts of lines that the scorer takes for trouble. */
  readonly severity: 'warning' | 'critical';
  readonly detectors: DetectorSettings;
}

/** What every detector has; each adds its own thresholds. */
export interface DetectorSwitch {
  readonly enabled: boolean;
  readonly severity: AlertSeverity;
}

/** So many, within so long. */
export interface TimesWithin extends DetectorSwitch {
  readonly times: number;
  readonly withinMs: number;
}

export interface DetectorSettings {
  /** The same tool called with the same arguments. */
  readonly toolLoop: TimesWithin;
  /** The same tool, or the model, failing with no success between. */
  readonly noProgress: TimesWithin;
  /** Requests refused for being longer than the model takes. */
  readonly contextLength: TimesWithin;
  readonly rateLimit: TimesWithin;
  /** Refused permissions. */
  readonly permissionStorm: TimesWithin;
  /** A claim of success while a failure stands in the same record, or in the result right before it, at most so long ago. */
  readonly falseSuccess: DetectorSwitch & { readonly withinMs: number };
  /** Of an hour: `factor` times its own habit and no less than `tokensMin`. Before it has watched for `learnMs` it is silent. */
  readonly tokenSpend: DetectorSwitch & {
    readonly factor: number;
    readonly tokensMin: number;
    readonly learnMs: number;
  };
  /** Different phrases in one tool result. */
  readonly promptInjection: DetectorSwitch & { readonly phrases: number };
  /** Lines of one template: `factor` times its habit, and no fewer than `linesMin`, within so long. */
  readonly rateChange: DetectorSwitch & {
    readonly factor: number;
    readonly linesMin: number;
    readonly withinMs: number;
  };
  /** A template that came `times` times at steady intervals, and not for `factor` of them and `silentMs`. */
  readonly goneSilent: DetectorSwitch & { readonly times: number; readonly factor: number; readonly silentMs: number };
}

/** The model that is asked about templates which the scorer is unsure of: one a server. */
export interface ModelSettings {
  readonly source: 'off' | 'gguf' | 'http';
  /** With `gguf`: the file, absolute; absent: the one that was fetched as `name`. */
  readonly path: string | undefined;
  /** With `http`: an OpenAI-compatible address, to its `/v1`. */
  readonly url: string | undefined;
  /** With `http`: the model's name there. */
  readonly name: string | undefined;
  readonly perHourMax: number;
  /** Of one question. */
  readonly deadlineMs: number;
  /** The model's process is killed above it. */
  readonly memoryBytesMax: number;
}

/**
 * So that an untouched fleet isn't flooded: what a healthy AI agent does in a busy hour stays below (docs/TRIAGE.md).
 * A template's habit is nobody's promise, so the two of templates only warn, and late.
 */
export const TRIAGE_DEFAULT: TriageSettings = {
  enabled: true,
  severity: 'critical',
  detectors: {
    toolLoop: { enabled: true, severity: 'warning', times: 5, withinMs: 600_000 },
    noProgress: { enabled: true, severity: 'warning', times: 8, withinMs: 900_000 },
    contextLength: { enabled: true, severity: 'warning', times: 3, withinMs: 900_000 },
    rateLimit: { enabled: true, severity: 'warning', times: 30, withinMs: 300_000 },
    permissionStorm: { enabled: true, severity: 'warning', times: 8, withinMs: 600_000 },
    falseSuccess: { enabled: true, severity: 'warning', withinMs: 300_000 },
    tokenSpend: { enabled: true, severity: 'warning', factor: 5, tokensMin: 200_000, learnMs: 172_800_000 },
    promptInjection: { enabled: true, severity: 'warning', phrases: 1 },
    rateChange: { enabled: true, severity: 'warning', factor: 50, linesMin: 500, withinMs: 600_000 },
    goneSilent: { enabled: true, severity: 'warning', times: 20, factor: 20, silentMs: 1_800_000 },
  },
};

export const MODEL_DEFAULT: ModelSettings = {
  source: 'off',
  path: undefined,
  url: undefined,
  name: undefined,
  perHourMax: 60,
  deadlineMs: 30_000,
  memoryBytesMax: 2_000_000_000,
};
