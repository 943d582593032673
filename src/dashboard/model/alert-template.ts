import { readable } from './readable.ts';

/** What the triage tells of the template that an alert was made from. All of it came from an agent: it may hold anything. */
export interface AlertTemplate {
  readonly id: string;
  /** `undefined`: it isn't told. */
  readonly text: string | undefined;
  /** Who judged: `scorer`, `correction`, …; `undefined`: it isn't told. */
  readonly tier: string | undefined;
  /** From 0 to 1. */
  readonly score: number | undefined;
  readonly reason: string | undefined;
  readonly detector: string | undefined;
  readonly model: ModelWord | undefined;
}

/** What the model said afterwards. */
export interface ModelWord {
  readonly verdict: string;
  readonly reason: string;
  readonly name: string;
}

/** What is shown with the template, and not among the other facts. */
export const TEMPLATE_FACTS = ['template', 'template_text', 'tier', 'score', 'reason', 'detector', 'model'] as const;

const TEXT_LENGTH_MAX = 2_000;
const WORD_LENGTH_MAX = 200;

/** `undefined`: the alert was made from none. */
export function readAlertTemplate(detail: Readonly<Record<string, unknown>>): AlertTemplate | undefined {
  const { template: id, score, model } = detail;
  if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id) || detail['tier'] === 'rule') return undefined;
  return {
    id,
    text: textIn(detail, 'template_text', TEXT_LENGTH_MAX),
    tier: textIn(detail, 'tier', WORD_LENGTH_MAX),
    score: typeof score === 'number' && score >= 0 && score <= 1 ? score : undefined,
    reason: textIn(detail, 'reason', TEXT_LENGTH_MAX),
    detector: textIn(detail, 'detector', WORD_LENGTH_MAX),
    model:
      typeof model === 'object' && model !== null
        ? readModelWord(model as Readonly<Record<string, unknown>>)
        : undefined,
  };
}

function readModelWord(model: Readonly<Record<string, unknown>>): ModelWord | undefined {
  const verdict = textIn(model, 'verdict', WORD_LENGTH_MAX);
  if (verdict === undefined) return undefined;
  return {
    verdict,
    reason: textIn(model, 'reason', TEXT_LENGTH_MAX) ?? '',
    name: textIn(model, 'name', WORD_LENGTH_MAX) ?? '',
  };
}

function textIn(holder: Readonly<Record<string, unknown>>, name: string, lengthMax: number): string | undefined {
  const value = holder[name];
  return typeof value === 'string' && value !== '' ? readable(value, lengthMax) : undefined;
}
