import type { JsonObject } from './messages.ts';
import { Unreadable } from './wire-reader.ts';

/* Values in the shape of OTLP's JSON → plain values. Senders differ, so what has one meaning is read in every spelling. */

/** Attributes by their raw names. Without a prototype: names come from outside. */
export type Attributes = Readonly<Record<string, unknown>>;

/** As deep as protobuf goes (an array in an array takes two levels there). */
const NESTING_MAX = 50;

/** @throws Unreadable when it is no list of `{key, value}`. */
export function readAttributes(list: unknown): Attributes {
  return readKeyValues(list, 0);
}

/** An `AnyValue`; `null` for an empty one. @throws Unreadable */
export function readAnyValue(value: unknown, depth = 0): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object') return finite(value); // {"body": "text"}, as people write it by hand
  if (Array.isArray(value)) throw new Unreadable('a value is a bare list; {"arrayValue":{"values":[…]}} is meant');
  if (depth > NESTING_MAX) throw new Unreadable('a value is nested too deeply');
  const any = value as JsonObject;
  if (isGiven(any['stringValue'])) return any['stringValue'];
  if (isGiven(any['intValue'])) return integerOf(any['intValue']);
  if (isGiven(any['doubleValue'])) return doubleOf(any['doubleValue']);
  if (isGiven(any['boolValue'])) return any['boolValue'];
  if (isGiven(any['arrayValue'])) return readList(any['arrayValue']).map((inner) => readAnyValue(inner, depth + 1));
  if (isGiven(any['kvlistValue'])) return readKeyValues(readList(any['kvlistValue']), depth + 1);
  if (isGiven(any['bytesValue'])) return any['bytesValue'];
  return null;
}

function readKeyValues(list: unknown, depth: number): Attributes {
  const attributes: Record<string, unknown> = Object.create(null);
  if (!isGiven(list)) return attributes;
  if (!Array.isArray(list)) throw new Unreadable('attributes are a list of {"key": …, "value": …}');
  for (const pair of list) {
    if (typeof pair !== 'object' || pair === null) throw new Unreadable('an attribute is no {"key": …, "value": …}');
    const key = textOr((pair as JsonObject)['key'], '');
    if (key !== '') attributes[key] = readAnyValue((pair as JsonObject)['value'], depth);
  }
  return attributes;
}

function readList(value: unknown): readonly unknown[] {
  const values = typeof value === 'object' && value !== null ? (value as JsonObject)['values'] : value;
  if (!isGiven(values)) return [];
  if (!Array.isArray(values)) throw new Unreadable('"values" is no list');
  return values;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/** A number where that is exact; a longer integer keeps its digits. */
function integerOf(value: unknown): unknown {
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return finite(value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** JSON has no NaN and no infinities: they stay words, as in OTLP's JSON. */
function doubleOf(value: unknown): unknown {
  if (typeof value !== 'string') return finite(value);
  const number = Number(value);
  return value.trim() !== '' && Number.isFinite(number) ? number : value;
}

function finite(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** A number that came as one or as digits; `undefined` for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^-?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,3})?$/i.test(value)) return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Nanoseconds since 1970 as number or digits; `undefined` for none, which senders write as 0. */
export function nanosOf(value: unknown): bigint | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return BigInt(value);
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return undefined;
  const nanos = BigInt(value);
  return nanos > 0n ? nanos : undefined;
}

/** The first given instant as ISO 8601, UTC, ms. Twenty digits of ns end in the year 5138. */
export function isoOf(...instants: readonly (bigint | undefined)[]): string | undefined {
  const nanos = instants.find((instant) => instant !== undefined);
  return nanos === undefined ? undefined : new Date(Number(nanos / 1_000_000n)).toISOString();
}

/** An id of `bytes` bytes, as hex or base64 by its length, → lower-case hex; `undefined` for none (all zeros) or no id. */
export function idOf(value: unknown, bytes: 8 | 16): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const hex =
    value.length === bytes * 2 ? value.toLowerCase() : Buffer.from(value.slice(0, 64), 'base64').toString('hex');
  return hex.length === bytes * 2 && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex) ? hex : undefined;
}
