import { LEVELS, type Level } from '../../contract/record.ts';
import type { ContextValue } from '../../contract/rules.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { type Needle, NotedGroups, WORTH_NOTING_FROM } from './needle.ts';

type Context = Readonly<Record<string, unknown>>;

/** The place of each level, for masks. */
export const LEVEL_INDEX: Readonly<Record<Level, number>> = Object.fromEntries(
  LEVELS.map((level, index) => [level, index]),
) as Record<Level, number>;

/**
 * A record as rules look at it, read only as far as they ask: most conditions are answered by its level or by a text that its JSON
 * lacks, and nothing is parsed. One view serves all records, one after the other.
 */
export class RecordView {
  level: Level = 'INFO';
  action = '';
  agentId = '';
  #record!: EncodedRecord;
  #json: string | undefined;
  #lowerJson: string | undefined;
  /** How many texts were looked for. */
  #asked = 0;
  readonly #groups = new NotedGroups();
  #message: string | undefined;
  #context: Context | undefined;
  #isChanged = false;

  /** Turns to another record. Returns itself. */
  of(record: EncodedRecord): this {
    this.#record = record;
    this.level = record.level;
    this.action = record.action;
    this.agentId = record.agentId;
    this.#json = undefined;
    this.#lowerJson = undefined;
    this.#asked = 0;
    this.#message = undefined;
    this.#context = undefined;
    this.#isChanged = false;
    return this;
  }

  /** Whether a rule has changed what it says. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** As the source's record has it, `EncodedRecord.json`, whatever rules have changed since. */
  get json(): string {
    this.#json ??= this.#record.json;
    return this.#json;
  }

  get message(): string {
    if (this.#message === undefined) this.#parse();
    return this.#message!;
  }

  get context(): Context {
    if (this.#context === undefined) this.#parse();
    return this.#context!;
  }

  /** Whether a text may stand in message or context; `false` is certain. For text that JSON writes as it is (`isPlainInJson`). */
  mayHold(needle: Needle): boolean {
    if (this.#isChanged) return true;
    this.#json ??= this.#record.json;
    if (this.#asked === WORTH_NOTING_FROM) this.#groups.note(this.#json);
    if (++this.#asked > WORTH_NOTING_FROM && !needle.mayBeIn(this.#groups)) return false;
    if (!needle.lowerCase) return this.#json.includes(needle.text);
    this.#lowerJson ??= this.#json.toLowerCase();
    return this.#lowerJson.includes(needle.text);
  }

  change(changes: {
    readonly level?: Level;
    readonly action?: string;
    readonly message?: string;
    readonly context?: Context;
  }): void {
    if (!this.#isChanged) this.#parse();
    this.#isChanged = true;
    this.level = changes.level ?? this.level;
    this.action = changes.action ?? this.action;
    this.#message = changes.message ?? this.#message;
    this.#context = changes.context ?? this.#context;
  }

  #parse(): void {
    if (this.#isChanged) return;
    this.#json ??= this.#record.json;
    const { message, context } = JSON.parse(`{${this.#json}`) as { message: string; context: Context };
    this.#message ??= message;
    this.#context ??= context;
  }
}

/** Whether a text stands in JSON as it is: nothing in it is escaped. */
export function isPlainInJson(text: string): boolean {
  return JSON.stringify(text) === `"${text}"`;
}

/**
 * The value at a path of keys with dots between; `undefined` where there is none. A key may hold dots itself (OpenTelemetry's do): the
 * longest that fits goes first. Numbers are places in lists.
 */
export function valueAt(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Context)[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const head = path.slice(0, dot);
    if (!Object.hasOwn(value, head)) continue;
    const found = valueAt((value as Context)[head], path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A copy in which the value at `path` is another; the same object where there is none. */
export function withValueAt(value: unknown, path: string, replacement: ContextValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const put = (key: string, inner: unknown): unknown => {
    if (Array.isArray(value)) return value.map((each, index) => (String(index) === key ? inner : each));
    const entries = Object.entries(value).map(([name, each]) => [name, name === key ? inner : each] as const);
    return Object.fromEntries(entries);
  };
  if (Object.hasOwn(value, path)) return path === 'length' && Array.isArray(value) ? value : put(path, replacement);
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const head = path.slice(0, dot);
    if (!Object.hasOwn(value, head)) continue;
    const inner = (value as Context)[head];
    const changed = withValueAt(inner, path.slice(dot + 1), replacement);
    if (changed !== inner) return put(head, changed);
  }
  return value;
}
