import type { AlertSeverity } from '../../contract/alert.ts';
import type { TemplateId, TemplateMark, TriageTier } from '../../contract/triage.ts';
import type { Clock } from '../../platform/clock.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { TemplateMiner } from './miner/template-miner.ts';
import type { Judges } from './open-judges.ts';
import { messageOf } from './record-message.ts';
import { type TriageConfig, TriageEngine } from './triage-engine.ts';

/** What triage makes of a line, rules aside. The answer of the local API's `POST /triage/explain`. */
export interface TriageExplanation {
  /** Whether lines of this AI agent are judged at all. */
  readonly enabled: boolean;
  readonly template: TemplateId;
  readonly template_text: string;
  /** How many lines of it came to this agent; 0: it would be a new one. */
  readonly lines: number;
  /** What people said of it; null: nothing. */
  readonly mark: TemplateMark | null;
  /** Who would tell people of the line; null: nobody. */
  readonly tier: Exclude<TriageTier, 'rule'> | null;
  readonly severity: AlertSeverity | null;
  /** The scorer's for this very line, from 0 to 1. */
  readonly score: number;
  /** Near the threshold: a model would be asked, where there is one. */
  readonly unsure: boolean;
  readonly reason: string;
}

const COPIED_BYTES_MAX = 1_000_000;

/** Judges a record as if it came, and learns nothing from it: on a copy of the templates, which takes some 50 ms and is for people who ask. */
export function explain(
  { miner, scorer, corrections, detectors, engine }: Judges,
  config: TriageConfig,
  record: EncodedRecord,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): TriageExplanation {
  const now = clock.now();
  const message = messageOf(record);
  const copy = TemplateMiner.restore(miner.stored(COPIED_BYTES_MAX));
  const trial = new TriageEngine({ miner: copy, scorer, corrections, detectors, clock }, config);
  const template = copy.place(message, now);
  const known = miner.find(template.id);
  const word = known && engine.wordOf(known);
  if (word !== undefined) trial.noteWord(template, word);
  const verdict = trial.judge([record], now).hits[0]?.verdict;
  const score = scorer.score({ message, template: template.text, level: record.level });
  return {
    enabled: trial.settingsFor(record.agentId).enabled,
    template: template.id,
    template_text: template.text,
    lines: known?.lines ?? 0,
    mark: corrections.markOf(template) ?? null,
    tier: verdict?.tier ?? null,
    severity: verdict?.severity ?? null,
    score: score.score,
    unsure: score.isUnsure,
    reason: verdict?.reason ?? score.reason,
  };
}
