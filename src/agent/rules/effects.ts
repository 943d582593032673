import { isLevel } from '../../contract/record.ts';
import { type RuleEffects, SAMPLED_KEY, TAGS_KEY } from '../../contract/rules.ts';
import { LinearPattern } from '../../platform/linear-pattern.ts';
import { REDACTED_KEY } from '../redaction/index.ts';
import { marked, patternSpans, replaced } from '../redaction/spans.ts';
import { refuseUnknown } from './conditions.ts';
import { type RecordView, valueAt, withValueAt } from './record-view.ts';

const REDACT_KNOWN = ['matches', 'paths'];
const KNOWN = ['alert', 'route', 'tags', 'drop', 'sampleShare', 'redact', 'ordinary', 'setLevel', 'setAction'];

/**
 * What a rule does with a record that it hits; `drop`: it isn't stored. What it counts in doing so is added to `undo`, to be taken back
 * where the record was not stored after all.
 */
export type Transform = (view: RecordView, undo: (() => void)[]) => 'keep' | 'drop';

/**
 * The transforms of a rule, in one; `undefined` where it has none. `name`: the kind of what it redacts.
 * @throws Error saying which one this agent doesn't know.
 */
export function compileTransform(effects: RuleEffects, name: string): Transform | undefined {
  refuseUnknown(effects, KNOWN);
  const { tags, drop, sampleShare, redact, setLevel, setAction } = effects;
  if (redact !== undefined) refuseUnknown(redact, REDACT_KNOWN);
  if (sampleShare !== undefined && !(sampleShare > 0 && sampleShare <= 1)) throw new Error('its share is none');
  if (drop === true) return () => 'drop';
  if (setLevel !== undefined && !isLevel(setLevel))
    throw new Error(`the level ${JSON.stringify(setLevel)} is not known`);
  const steps: Transform[] = [];
  if (sampleShare !== undefined) steps.push(sampling(sampleShare));
  if (redact !== undefined) steps.push(redacting(redact, name));
  if (setLevel !== undefined || setAction !== undefined)
    steps.push((view) => {
      view.change({
        ...(setLevel === undefined ? {} : { level: setLevel }),
        ...(setAction === undefined ? {} : { action: setAction }),
      });
      return 'keep';
    });
  if (tags !== undefined) steps.push((view) => noteIn(view, TAGS_KEY, tags));
  if (steps.length === 0) return undefined;
  return (view, undo) => {
    for (const step of steps) if (step(view, undo) === 'drop') return 'drop';
    return 'keep';
  };
}

/** Keeps every n-th, the first one too: something rare shows at once. */
function sampling(share: number): Transform {
  let due = 1 - share;
  const count = (part: number, undo: (() => void)[]) => {
    due += part;
    undo.push(() => {
      due -= part;
    });
  };
  return (view, undo) => {
    const isKept = due + share >= 1 - 1e-9;
    count(isKept ? share - 1 : share, undo);
    if (!isKept) return 'drop';
    view.change({ context: { ...view.context, [SAMPLED_KEY]: share } });
    return 'keep';
  };
}

function redacting({ matches, paths = [] }: NonNullable<RuleEffects['redact']>, name: string): Transform {
  const pattern = matches === undefined ? undefined : new LinearPattern(matches);
  return (view) => {
    let { message, context } = view;
    for (const path of paths)
      if (valueAt(context, path) !== undefined) context = withValueAt(context, path, marked(name)) as typeof context;
    if (pattern !== undefined) {
      message = replaceIn(message, pattern, name);
      context = replaceWithin(context, pattern, name) as typeof context;
    }
    if (message === view.message && context === view.context) return 'keep';
    view.change({ message, context });
    return noteIn(view, REDACTED_KEY, [name]);
  };
}

/** Adds to a list in the context, each once. */
function noteIn(view: RecordView, key: string, added: readonly string[]): 'keep' {
  const before = view.context[key];
  const list = Array.isArray(before) ? (before as readonly unknown[]) : [];
  view.change({ context: { ...view.context, [key]: [...new Set([...list, ...added])] } });
  return 'keep';
}

/** The text with what the pattern finds replaced; the same text where that is nothing. */
function replaceIn(text: string, pattern: LinearPattern, kind: string): string {
  const spans = patternSpans(text, pattern, kind);
  return spans.length === 0 ? text : replaced(text, spans, new Set()).toWellFormed();
}

/** The same in every text of a value, however deep; the same value where there is none. */
function replaceWithin(value: unknown, pattern: LinearPattern, kind: string): unknown {
  if (typeof value === 'string') return replaceIn(value, pattern, kind);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((each) => replaceWithin(each, pattern, kind));
    return items.some((each, index) => each !== value[index]) ? items : value;
  }
  const entries = Object.entries(value).map(([key, each]) => [key, replaceWithin(each, pattern, kind)] as const);
  const isSame = entries.every(([key, each]) => each === (value as Readonly<Record<string, unknown>>)[key]);
  return isSame ? value : Object.fromEntries(entries);
}
