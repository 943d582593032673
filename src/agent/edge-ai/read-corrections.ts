import {
  CORRECTIONS_MAX,
  type CorrectionsAnswer,
  TEMPLATE_ID_PATTERN,
  TEMPLATE_LENGTH_MAX,
  TEMPLATE_MARKS,
  type TemplateCorrection,
  type TemplateMark,
} from '../../contract/triage.ts';

/** What an orchestrator answered, or what was kept of it; `undefined`: it is no such thing. What is no correction in it is left out. */
export function readCorrections(value: unknown): CorrectionsAnswer | undefined {
  const { tag, corrections } = (value ?? {}) as Record<string, unknown>;
  if (typeof tag !== 'string' || tag.length > TAG_LENGTH_MAX || !Array.isArray(corrections)) return undefined;
  return { tag, corrections: corrections.filter(isCorrection).slice(0, CORRECTIONS_MAX) };
}

const TAG_LENGTH_MAX = 200;

function isCorrection(value: unknown): value is TemplateCorrection {
  const { template, text, mark } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof template === 'string' &&
    TEMPLATE_ID_PATTERN.test(template) &&
    typeof text === 'string' &&
    text.length <= TEMPLATE_LENGTH_MAX &&
    TEMPLATE_MARKS.includes(mark as TemplateMark)
  );
}
