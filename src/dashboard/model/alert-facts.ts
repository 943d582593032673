import { isOfLine } from './alert-lines.ts';
import { readAlertTemplate, TEMPLATE_FACTS } from './alert-template.ts';
import { readable } from './readable.ts';

/** What the page has words for in an alert's detail. */
export const KNOWN_FACTS = [
  'state',
  'reason',
  'since',
  'rule',
  'description',
  'verdict',
  'confidence',
  'model',
  'value',
  'limit',
  'message',
  'hint',
  'code',
  'hits',
  'tags',
  'latest_agent',
  'absent_since',
  'revision',
  'previous',
  'channel',
  'route',
  'attempts',
  'address',
  'lost_records',
] as const;
export type KnownFact = (typeof KNOWN_FACTS)[number];

export interface AlertFacts {
  /** In the order in which a reader wants to know them. */
  readonly known: readonly { readonly name: KnownFact; readonly text: string }[];
  /** What an agent, a rule or a newer orchestrator has added, under its own name. */
  readonly others: readonly { readonly name: string; readonly text: string }[];
  /** How many more there are than are listed. */
  readonly more: number;
}

/** Past this nobody reads on; the API has all of it. */
const OTHERS_MAX = 40;
const NAME_LENGTH_MAX = 100;
const TEXT_LENGTH_MAX = 2_000;

/** What an alert's detail tells. Its lines are shown by themselves. */
export function readAlertFacts(detail: Readonly<Record<string, unknown>>): AlertFacts {
  const ofLine = isOfLine(detail) ? ['level', 'message', 'action', 'timestamp'] : [];
  const ofTemplate = readAlertTemplate(detail) === undefined ? [] : TEMPLATE_FACTS;
  const shownElsewhere = new Set(['lines_before', ...ofLine, ...ofTemplate]);
  const entries = Object.entries(detail).flatMap(([name, value]) => {
    const text = shownElsewhere.has(name) ? '' : textOf(value);
    return text === '' ? [] : [{ name, text: readable(text, TEXT_LENGTH_MAX) }];
  });
  const isKnown = (name: string) => (KNOWN_FACTS as readonly string[]).includes(name);
  const others = entries.filter(({ name }) => !isKnown(name));
  return {
    known: KNOWN_FACTS.flatMap((name) => {
      const entry = entries.find((one) => one.name === name);
      return entry === undefined ? [] : [{ name, text: entry.text }];
    }),
    others: others.slice(0, OTHERS_MAX).map(({ name, text }) => ({ name: readable(name, NAME_LENGTH_MAX), text })),
    more: Math.max(0, others.length - OTHERS_MAX),
  };
}

/** `a, b` of a list and `x: 1 · y: 2` of an object, as long as they hold plain values; else JSON. Empty: there is nothing to tell. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value);
  if (entries.some(([, one]) => typeof one === 'object' && one !== null)) return JSON.stringify(value);
  if (Array.isArray(value)) return value.join(', ');
  return entries.map(([name, one]) => `${name}: ${one}`).join(' · ');
}
