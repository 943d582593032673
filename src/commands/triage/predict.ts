import { LineScores } from '../../agent/edge-ai/line-scores.ts';
import { TemplateMiner } from '../../agent/edge-ai/miner/index.ts';
import type { LineScorer, Template } from '../../agent/edge-ai/types.ts';
import type { GivenLine } from './triage-set.ts';

/** What the triage said of a line. The template is the one that the line's is part of in the end; the verdict is that of its arrival. */
export interface Prediction {
  /** From 1. */
  readonly line: number;
  readonly template_id: string;
  readonly template: string;
  readonly alert: boolean;
  readonly score: number;
}

/** Places and judges the lines in their order, by a miner that has seen nothing yet. */
export function predict(lines: readonly GivenLine[], scorer: LineScorer): Prediction[] {
  const miner = new TemplateMiner();
  const scores = new LineScores(scorer);
  const seen = lines.map(({ message, level }, index) => {
    const template = miner.place(message, index);
    const { isAlert, score } = scores.scoreOf(message, level, miner.shape, () => template.text);
    return { template, isAlert, score };
  });
  const numbers = new Map<Template, number>();
  return seen.map(({ template, isAlert, score }, index) => {
    const last = miner.current(template);
    const number = numbers.get(last) ?? numbers.size;
    numbers.set(last, number);
    // Two templates may read alike: their number tells them apart.
    return { line: index + 1, template_id: `${last.id}.${number}`, template: last.text, alert: isAlert, score };
  });
}
