import { type PiiKind, type RedactionSettings, type SecretKind, UNKNOWN_KIND } from '../../contract/redaction.ts';
import { LinearPattern } from '../../platform/linear-pattern.ts';
import { isStorageKey } from './azure.ts';
import { secretArguments } from './commands.ts';
import { cookiesIn, isSession } from './cookies.ts';
import { findSecrets, findSuspect, mayHoldSecret } from './detectors.ts';
import { findPii, mayHoldPii } from './pii.ts';
import { findKeyLines } from './private-key.ts';
import { isSecretValue, isWorkingDirectory, secretKeyKind } from './secret-keys.ts';
import { isHardWord, isRandomWord } from './sentences.ts';
import { marked, patternSpans, replaced, type Span, withoutOverlap } from './spans.ts';

/** What a record's text became. */
export interface RedactedRecord {
  readonly message: string;
  readonly context: Record<string, unknown>;
  /** What was replaced, each kind once, in order of appearance; the value of `context._redacted`. Never empty. */
  readonly kinds: readonly string[];
}

/** For heartbeats and metrics. */
export interface RedactionCounts {
  /** Records in which something was replaced. */
  records: number;
  /** Records of which nothing was kept, because the redactor failed. */
  failed: number;
}

/** Where in a buffer of lines credentials may stand; lines are asked about in order, and each byte is looked at once. */
export class Suspects {
  readonly #bytes: Uint8Array;
  #next = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether one may begin at `from` or behind it, before `to`. */
  isIn(from: number, to: number): boolean {
    if (this.#next < from) this.#next = findSuspect(this.#bytes, from, this.#bytes.length);
    return this.#next < to;
  }
}

/** The key in a record's context that names what was replaced. */
export const REDACTED_KEY = '_redacted';
/** The encoder cuts what is nested deeper. */
const NESTING_MAX = 600;
/** Names of fields are short; a longer one may be a value that was used as a name. */
const NAME_LENGTH_TYPICAL = 16;

/**
 * Replaces credentials, personal data and what the configuration adds by `[redacted:<kind>]`, in a record's message and everywhere in
 * its context. Takes time linear in the record, whatever it contains. Never throws: where it fails, nothing of message and context is kept
 * (`[redacted:unknown]`), as a lost detail is mended and a stored secret isn't; the line itself goes on, and is counted.
 */
export class Redactor {
  readonly counts: RedactionCounts;
  readonly #kinds: ReadonlySet<string>;
  readonly #pii: ReadonlySet<PiiKind>;
  readonly #patterns: readonly { readonly name: string; readonly pattern: LinearPattern }[];
  readonly #enabled: boolean;

  /** `settings` were checked before: a pattern that doesn't compile throws. */
  constructor(settings: RedactionSettings, counts: RedactionCounts = { records: 0, failed: 0 }) {
    this.counts = counts;
    this.#enabled = settings.enabled;
    this.#kinds = new Set(settings.kinds);
    this.#pii = new Set(settings.pii);
    this.#patterns = settings.patterns.map(({ name, pattern }) => ({ name, pattern: new LinearPattern(pattern) }));
  }

  /**
   * Whether a text may hold anything to replace: `false` is certain, `true` is a guess. Works on decoded text and on JSON alike, so one
   * call over a whole encoded record tells that nothing needs to be looked at again.
   */
  mayHold(text: string): boolean {
    if (!this.#enabled) return false;
    return this.#looksAtAll || mayHoldSecret(text) || (this.#pii.size > 0 && mayHoldPii(text));
  }

  /** The same for the bytes of a line, from `from` to before `to`. `suspects`: of the buffer that the line is a part of. */
  mayHoldBytes(from: number, to: number, suspects: Suspects): boolean {
    if (!this.#enabled) return false;
    if (this.#looksAtAll || this.#pii.size > 0) return true;
    return suspects.isIn(from, to);
  }

  /**
   * The redacted record, or `undefined` when there is nothing to replace. `contextJson`, where the caller has it, saves the walk through a context that holds
   * nothing. `context` is not changed; the result shares what stayed as it was, and names the kinds in `_redacted`.
   */
  redact(message: string, context: Record<string, unknown>, contextJson?: string): RedactedRecord | undefined {
    if (!this.#enabled) return undefined;
    try {
      const kinds = new Set<string>();
      const text = this.#text(message, kinds);
      const clean =
        contextJson === undefined || (contextJson.length > 2 && this.mayHold(contextJson))
          ? (this.#value(context, kinds, 0) as Record<string, unknown>)
          : context;
      if (kinds.size === 0) return undefined;
      this.counts.records++;
      return { message: text, context: { ...clean, [REDACTED_KEY]: [...kinds] }, kinds: [...kinds] };
    } catch {
      this.counts.failed++;
      return {
        message: marked(UNKNOWN_KIND),
        context: { [REDACTED_KEY]: [UNKNOWN_KIND] },
        kinds: [UNKNOWN_KIND],
      };
    }
  }

  /** One text by itself, as a record's `action`. */
  redactText(text: string): string {
    if (!this.#enabled) return text;
    try {
      return this.#text(text, new Set());
    } catch {
      this.counts.failed++;
      return marked(UNKNOWN_KIND);
    }
  }

  /** Patterns may match anything, escapes and all: every record has to be decoded for them. */
  get #looksAtAll(): boolean {
    return this.#patterns.length > 0;
  }

  #text(text: string, kinds: Set<string>): string {
    if (text.length < 3) return text;
    const spans: Span[] = findSecrets(text).filter(({ kind }) => this.#kinds.has(kind));
    const secrets = spans.length;
    if (this.#pii.size > 0) spans.push(...findPii(text, this.#pii));
    for (const { name, pattern } of this.#patterns)
      for (const span of patternSpans(text, pattern, name)) spans.push(span); // one at a time: a long text may hold more than a call takes
    if (spans.length === 0) return text;
    return replaced(text, spans.length === secrets ? spans : withoutOverlap(spans), kinds);
  }

  #value(value: unknown, kinds: Set<string>, depth: number): unknown {
    if (typeof value === 'string') return this.#text(value, kinds);
    if (typeof value === 'number') return this.#number(value, kinds);
    if (typeof value !== 'object' || value === null || depth > NESTING_MAX) return value;
    if (Array.isArray(value)) {
      // The arguments of a command: `["--password", "…"]`.
      const passwords = this.#kinds.has('password') ? secretArguments(value) : undefined;
      const keyLines = this.#kinds.has('private_key') ? findKeyLines(value) : undefined;
      const items = value.map((item: unknown, index) => {
        if (keyLines !== undefined && index >= keyLines[0] && index < keyLines[1]) {
          kinds.add('private_key');
          return marked('private_key');
        }
        const argument = passwords?.get(index);
        if (argument !== undefined) return replaced(item as string, [argument], kinds);
        const flag = typeof item === 'string' ? nameBefore(value[index - 1], item) : undefined;
        return flag === undefined ? this.#value(item, kinds, depth + 1) : this.#under(flag, item, kinds, depth);
      });
      return items.some((item, index) => item !== value[index]) ? items : value;
    }
    return this.#object(value as Record<string, unknown>, kinds, depth);
  }

  #object(object: Record<string, unknown>, kinds: Set<string>, depth: number): Record<string, unknown> {
    const named = namedBy(object);
    let changed = false;
    const entries = Object.entries(object).map(([key, value]): [string, unknown] => {
      const name = key.length > NAME_LENGTH_TYPICAL ? this.#text(key, kinds) : key;
      const clean = this.#under(isNamed(key, value, named) ? named : key, value, kinds, depth);
      changed ||= name !== key || clean !== value;
      return [name, clean];
    });
    return changed ? Object.fromEntries(entries) : object; // fromEntries defines: a key __proto__ stays data
  }

  /** A value under its name, which may tell that it is a credential. */
  #under(key: string, value: unknown, kinds: Set<string>, depth: number): unknown {
    if (COOKIE.test(key) && this.#kinds.has('cookie')) return this.#cookies(value, kinds, depth + 1);
    const kind = typeof value === 'string' && isStorageKey(key, value) ? 'azure_key' : secretKeyKind(key);
    if (kind === undefined || !this.#kinds.has(kind) || (typeof value === 'string' && isWorkingDirectory(key, value)))
      return this.#value(value, kinds, depth + 1);
    if (Array.isArray(value)) {
      if (/auth$/i.test(key) && value.length === 2 && typeof value[1] === 'string' && isHardWord(value[1], true)) {
        kinds.add('password');
        return [value[0], marked('password')]; // user and password, as HTTP clients take them
      }
      const items = value.map((item: unknown) => this.#under(key, item, kinds, depth + 1));
      return items.some((item, index) => item !== value[index]) ? items : value;
    }
    if (typeof value === 'number' && kind === 'password') {
      kinds.add(kind);
      return marked(kind);
    }
    if (typeof value !== 'string') {
      if (isObject(value) && typeof value['value'] === 'string') {
        const clean = this.#under(key, value['value'], kinds, depth + 1);
        if (clean !== value['value']) return { ...(this.#value(value, kinds, depth + 1) as object), value: clean };
      }
      const clean = this.#value(value, kinds, depth + 1);
      return KEPT_TOGETHER.test(key) && isObject(clean) ? this.#all(kind, clean, kinds) : clean;
    }
    const known = this.#text(value, kinds);
    if (known !== value) return known;
    const scheme = kind === 'authorization' ? (SCHEME.exec(value)?.[0] ?? '') : '';
    if (!isSecretValue(kind, value.slice(scheme.length))) return value;
    kinds.add(kind);
    return scheme + marked(kind);
  }

  /** `"secrets":{"db":"…"}`: the names within are anyone's choice. */
  #all(kind: SecretKind, object: Record<string, unknown>, kinds: Set<string>): Record<string, unknown> {
    let changed = false;
    const entries = Object.entries(object).map(([name, value]): [string, unknown] => {
      if (typeof value !== 'string' || !isSecretValue(kind, value)) return [name, value];
      changed = true;
      kinds.add(kind);
      return [name, marked(kind)];
    });
    return changed ? Object.fromEntries(entries) : object;
  }

  /** A header's text, several of them, or each cookie under its name. */
  #cookies(value: unknown, kinds: Set<string>, depth: number): unknown {
    if (depth > NESTING_MAX) return value;
    if (typeof value === 'string') {
      const spans = cookiesIn(value, 0);
      if (spans.length > 0) return replaced(value, spans, kinds);
      if (!isSession(value)) return this.#text(value, kinds);
      kinds.add('cookie');
      return marked('cookie');
    }
    if (Array.isArray(value)) {
      const items = value.map((item: unknown) => this.#cookies(item, kinds, depth + 1));
      return items.some((item, index) => item !== value[index]) ? items : value;
    }
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(([name, each]) => [name, this.#cookies(each, kinds, depth + 1)] as const);
    return entries.some(([name, each]) => each !== value[name]) ? Object.fromEntries(entries) : value;
  }

  /** A card's number may come as a number. */
  #number(value: number, kinds: Set<string>): unknown {
    if (this.#pii.size === 0 || !Number.isSafeInteger(value) || value < 1e7) return value;
    const text = String(value);
    const clean = this.#text(text, kinds);
    return clean === text ? value : clean;
  }
}

const COOKIE = /^(?:set-)?cookies?$/i;
/** Names of collections of credentials. */
const KEPT_TOGETHER = /(?:secrets|passwords)$/i;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name that the argument before gives: `--password`, or, of what looks made by a machine, `aws_secret_access_key`. */
function nameBefore(before: unknown, item: string): string | undefined {
  if (typeof before !== 'string' || before.length > 64) return undefined;
  const flag = FLAG.exec(before)?.[1];
  if (flag !== undefined || !SETTING.test(before)) return flag;
  return isRandomWord(item, true) ? before : undefined;
}

const SETTING = /^[A-Za-z]+(?:[_.-][A-Za-z]+){1,6}$/;
const FLAG = /^--?([A-Za-z][\w-]+)$/;
const SCHEME = /^(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate|NTLM|SharedKey|AWS4-HMAC-SHA256) +/i;

function isNamed(key: string, value: unknown, named: string | undefined): named is string {
  return (
    named !== undefined &&
    VALUE.test(key) &&
    (!PROSE.test(key) || (typeof value === 'string' && isHardWord(value, true)))
  );
}

const VALUE = /^(?:value|val|text|answer|content)$/i;
/** May be about a password as well. */
const PROSE = /^(?:text|answer|content)$/;
const NAMES =
  'name key Name Key keyName selector field label element locator target param parameter header variable property option question'.split(
    ' ',
  );
/** `input[name="password"]`, `#login .password`: the last name of a selector. */
const LAST_NAME = /([\w-]{1,64})["'\])]{0,3}(?: ?(?:field|input|text ?box|box))?\??$/i;

/** `{"name":"DB_PASSWORD","value":"…"}`, as environments and headers are often written; `{"selector":"#password","text":"…"}` of a tool that fills in forms. */
function namedBy(object: Record<string, unknown>): string | undefined {
  const value =
    object['value'] ?? object['Value'] ?? object['val'] ?? object['text'] ?? object['answer'] ?? object['content'];
  if (typeof value !== 'string') return undefined;
  const name = NAMES.map((each) => object[each]).find((each) => typeof each === 'string') as string | undefined;
  if (name === undefined || secretKeyKind(name) !== undefined) return name;
  const last = LAST_NAME.exec(name.slice(-80))?.[1];
  return last !== undefined && secretKeyKind(last) === 'password' ? last : name;
}
