import { types } from 'node:util';
import { CONTEXT_BYTES_MAX } from '../contract/record.ts';

/**
 * Any value of any program as plain data that `JSON.stringify` can't fail on: circular references, BigInt, functions, getters and
 * `toJSON` that throw, a whole heap behind one reference. Nothing of the caller's is changed or kept.
 */

/** Deeper values are named instead of told. People's objects are seldom deeper than ten; requests and sockets are endless. */
const DEPTH_MAX = 16;
/** Values of one context, all levels together: what one careless `{ request }` may cost its caller stays below milliseconds. */
const VALUES_MAX = 5_000;
/** Just past what the agent keeps, so that it is the agent that cuts the rest, and marks that it did. */
const TEXT_LENGTH_MAX = CONTEXT_BYTES_MAX + 1_024;

interface Walk {
  valuesLeft: number;
  textLeft: number;
  /** The objects above the one being read; one that comes again below itself is circular. */
  readonly above: object[];
}

export type PlainObject = { [key: string]: unknown };

/** The value as plain data; `undefined` where JSON has nothing for it. */
export function plainValue(value: unknown): unknown {
  return plain(value, { valuesLeft: VALUES_MAX, textLeft: TEXT_LENGTH_MAX, above: [] });
}

/** A context as plain data. What isn't an object is kept under `value`, an error under `error`. Never throws. */
export function plainContext(context: unknown): PlainObject {
  if (context === undefined || context === null) return {};
  if (isError(context)) return { error: plainValue(context) };
  const value = plainValue(context);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as PlainObject) : { value };
}

export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || types.isNativeError(value);
  } catch {
    return false; // a proxy that was revoked
  }
}

/** A value as text for a message: text as it is, an error's message, anything else as JSON. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isError(value)) return textOf(() => value.message);
  const data = plainValue(value);
  if (data === undefined) return String(value);
  return typeof data === 'string' ? data : JSON.stringify(data);
}

function plain(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
      return cut(value, walk);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'symbol':
      return String(value);
    case 'function':
      return `[function ${textOf(() => value.name)}]`;
    case 'object':
      return value === null ? null : plainObject(value, walk);
    default:
      return value; // boolean, undefined
  }
}

function plainObject(value: object, walk: Walk): unknown {
  if (walk.above.includes(value)) return '[circular]';
  if (walk.above.length >= DEPTH_MAX || walk.valuesLeft <= 0) return '[too deep or too large]';
  walk.above.push(value);
  try {
    if (isError(value)) return plainError(value, walk);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    const toJSON: unknown = 'toJSON' in value ? value.toJSON : undefined;
    if (typeof toJSON === 'function') return plain(toJSON.call(value), walk);
    if (value instanceof Map)
      return plainEntries(
        [...value].map(([key, inner]) => [plainText(key), () => inner]),
        walk,
      );
    if (value instanceof Set) return plainArray([...value], walk);
    if (Array.isArray(value)) return plainArray(value, walk);
    if (value instanceof RegExp) return String(value);
    return plainEntries(
      Object.keys(value).map((key) => [key, () => (value as PlainObject)[key]]),
      walk,
    );
  } catch (error) {
    return `[unreadable: ${textOf(() => (error as Error).message)}]`;
  } finally {
    walk.above.pop();
  }
}

function plainArray(values: readonly unknown[], walk: Walk): unknown[] {
  const result: unknown[] = [];
  for (const value of values) {
    if (--walk.valuesLeft < 0) {
      result.push(`[${values.length - result.length} more]`);
      break;
    }
    result.push(plain(value, walk));
  }
  return result;
}

/** Each value is read on its own: one getter that throws costs one field. */
function plainEntries(entries: readonly (readonly [string, () => unknown])[], walk: Walk): PlainObject {
  const result: PlainObject = Object.create(null); // a key `__proto__` is a field like any other
  let told = 0;
  for (const [key, read] of entries) {
    if (--walk.valuesLeft < 0) {
      result['_more'] = entries.length - told;
      break;
    }
    told++;
    walk.textLeft -= key.length;
    try {
      result[key] = plain(read(), walk);
    } catch (error) {
      result[key] = `[unreadable: ${textOf(() => (error as Error).message)}]`;
    }
  }
  return result;
}

/**
 * Name, message, stack and cause; of its other fields only plain ones (`code`, `status`, `path`). Those of HTTP clients hold the
 * whole request, its Authorization header with it.
 */
function plainError(error: Error, walk: Walk): PlainObject {
  const fields: (readonly [string, () => unknown])[] = [
    ['name', () => textOf(() => error.name)],
    ['message', () => textOf(() => error.message)],
    ['stack', () => error.stack],
  ];
  for (const key of Object.keys(error)) {
    const value = (error as unknown as PlainObject)[key];
    if (!ERROR_FIELDS.has(key) && value !== null && ['string', 'number', 'boolean', 'bigint'].includes(typeof value))
      fields.push([key, () => value]);
  }
  if (error.cause !== undefined) fields.push(['cause', () => error.cause]);
  if (error instanceof AggregateError) fields.push(['errors', () => error.errors]);
  return plainEntries(fields, walk);
}

const ERROR_FIELDS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

function cut(text: string, walk: Walk): string {
  const kept = text.length > walk.textLeft ? text.slice(0, Math.max(0, walk.textLeft)) : text;
  walk.textLeft -= kept.length;
  return kept;
}

function textOf(read: () => unknown): string {
  try {
    return String(read());
  } catch {
    return '?'; // even its text can't be had
  }
}
