import { isLevel } from '../../contract/record.ts';
import type { ContextCondition, ContextValue, RuleConditions } from '../../contract/rules.ts';
import { matchesServerPattern as matchesName } from '../../contract/server-pattern.ts';
import { LinearPattern } from '../../platform/linear-pattern.ts';
import { Needle } from './needle.ts';
import { isPlainInJson, LEVEL_INDEX, type RecordView, valueAt } from './record-view.ts';

/** One condition of a rule, made ready. */
export interface Check {
  /** Its key in the settings file, `context.usage.total_tokens`. */
  readonly key: string;
  holds(view: RecordView): boolean;
  /** What it looked at, for people. */
  found(view: RecordView): string;
}

const KNOWN = ['levels', 'agents', 'actions', 'contains', 'matches', 'context', 'rate', 'absentForMs'];
const RATE_KNOWN = ['moreThan', 'withinMs'];
const CONTEXT_KNOWN = ['path', 'is', 'isNot', 'above', 'atLeast', 'below', 'atMost', 'exists', 'contains', 'matches'];
const SHOWN_LENGTH_MAX = 80;

/**
 * The conditions that a record by itself answers, the cheapest first; `rate` and `absentForMs` are whoever counts's.
 * @throws Error saying which one this agent doesn't know: without it the rule would hit more than it should.
 */
export function compileConditions(when: RuleConditions): readonly Check[] {
  refuseUnknown(when, KNOWN);
  const { levels, agents, actions, contains, matches, context = [], rate } = when;
  if (rate !== undefined) {
    refuseUnknown(rate, RATE_KNOWN);
    if (!(rate.moreThan >= 0)) throw new Error('its rate has no number');
  }
  return [
    ...(levels === undefined ? [] : [levelCheck(levels)]),
    ...(agents === undefined ? [] : [nameCheck('agent', agents)]),
    ...(actions === undefined ? [] : [nameCheck('action', actions)]),
    ...(contains === undefined ? [] : [containsCheck(contains)]),
    ...(matches === undefined ? [] : [matchesCheck(matches)]),
    ...context.map(contextCheck),
  ];
}

export function refuseUnknown(settings: object, known: readonly string[]): void {
  for (const key of Object.keys(settings))
    if (!known.includes(key)) throw new Error(`${JSON.stringify(key)} is not known to this version`);
}

function levelCheck(levels: NonNullable<RuleConditions['levels']>): Check {
  let mask = 0;
  for (const level of levels) {
    if (!isLevel(level)) throw new Error(`the level ${JSON.stringify(level)} is not known to this version`);
    mask |= 1 << LEVEL_INDEX[level];
  }
  return {
    key: 'level',
    holds: (view) => (mask & (1 << LEVEL_INDEX[view.level])) !== 0,
    found: (view) => view.level,
  };
}

function nameCheck(key: 'agent' | 'action', names: readonly string[]): Check {
  const plain = new Set(names.filter((name) => !/[*?]/.test(name)));
  const patterns = names.filter((name) => /[*?]/.test(name));
  const of = (view: RecordView) => (key === 'agent' ? view.agentId : view.action);
  return {
    key,
    holds(view) {
      const name = of(view);
      return plain.has(name) || patterns.some((pattern) => matchesName(pattern, name));
    },
    found: (view) => shown(of(view)),
  };
}

function containsCheck(texts: readonly string[]): Check {
  const asked = texts.map((text) => ({ text, needle: isPlainInJson(text) ? new Needle(text) : undefined }));
  return {
    key: 'contains',
    holds: (view) =>
      asked.some(({ text, needle }) => (needle === undefined || view.mayHold(needle)) && view.message.includes(text)),
    found: (view) => shown(view.message),
  };
}

function matchesCheck(source: string): Check {
  const pattern = new LinearPattern(source);
  const { texts = [], lowerCase = false } = pattern.required ?? {};
  const needles = texts.every(isPlainInJson) ? texts.map((text) => new Needle(text, lowerCase)) : [];
  return {
    key: 'matches',
    holds: (view) =>
      (needles.length === 0 || needles.some((needle) => view.mayHold(needle))) && pattern.isIn(view.message),
    found: (view) => shown(view.message),
  };
}

function contextCheck(condition: ContextCondition): Check {
  refuseUnknown(condition, CONTEXT_KNOWN);
  const { path, exists, isNot } = condition;
  const holds = compileComparison(condition);
  const first = new Needle(JSON.stringify(path.split('.')[0]!).slice(1, -1));
  // What must be there has its first key in the line.
  const mustBeThere = exists !== false && (isNot === undefined || Object.keys(condition).length > 2);
  return {
    key: `context.${path}`,
    holds: (view) => (mustBeThere && !view.mayHold(first) ? false : holds(valueAt(view.context, path))),
    found: (view) => {
      const value = valueAt(view.context, path);
      return value === undefined ? 'absent' : shown(value);
    },
  };
}

function compileComparison(condition: ContextCondition): (value: unknown) => boolean {
  const { is, isNot, exists, contains, matches } = condition;
  const { above = -Infinity, atLeast = -Infinity, below = Infinity, atMost = Infinity } = condition;
  const isNumber = [condition.above, condition.atLeast, condition.below, condition.atMost].some(
    (bound) => bound !== undefined,
  );
  const pattern = matches === undefined ? undefined : new LinearPattern(matches);
  return (value) => {
    if (exists !== undefined && exists !== (value !== undefined && value !== null)) return false;
    if (is !== undefined && !is.includes(value as ContextValue)) return false;
    if (isNot?.includes(value as ContextValue)) return false;
    if (isNumber) {
      const number = numberOf(value);
      if (!(number > above && number >= atLeast && number < below && number <= atMost)) return false;
    }
    if (contains !== undefined && !contains.some((text) => holdsText(value, text))) return false;
    return pattern === undefined || (typeof value === 'string' && pattern.isIn(value));
  };
}

function holdsText(value: unknown, text: string): boolean {
  return (typeof value === 'string' || Array.isArray(value)) && value.includes(text);
}

/** Numbers come as text often enough (OpenTelemetry's 64-bit ones always do). */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d{1,300}(?:\.\d{1,300})?$/.test(value) ? Number(value) : Number.NaN;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}
