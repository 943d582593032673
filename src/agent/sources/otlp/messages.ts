import { Unreadable, WIRE, type WireReader } from './wire-reader.ts';

/*
 * The messages of opentelemetry-proto that we read, as tables. Decoding gives the shape of OTLP's JSON (lowerCamelCase, ids as hex,
 * other bytes as base64, 64-bit integers as numbers or digits), so that both encodings meet in the same mapping. Fields that
 * nothing here uses are left out of the tables, and passed over like unknown ones.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

type Scalar = 'string' | 'bool' | 'int32' | 'int64' | 'fixed64' | 'sfixed64' | 'double' | 'id' | 'bytes';
interface Field {
  readonly name: string;
  readonly type: Scalar | (() => Message);
  readonly repeated?: true;
}
/** Fields by number. */
export type Message = Readonly<Record<number, Field>>;

const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  string: WIRE.bytes,
  bool: WIRE.varint,
  int32: WIRE.varint,
  int64: WIRE.varint,
  fixed64: WIRE.fixed64,
  sfixed64: WIRE.fixed64,
  double: WIRE.fixed64,
  id: WIRE.bytes,
  bytes: WIRE.bytes,
};

/** Protobuf's own bound: what is nested deeper is refused by most readers. An array in an array takes two levels. */
const DEPTH_MAX = 100;

/**
 * How many fields one item may have. An empty field takes two bytes on the wire and a hundred in memory; without a bound a body of
 * 16 MiB could take a gigabyte. A record's context has room for some ten thousand.
 */
export const FIELDS_MAX = 200_000;

interface FieldBudget {
  left: number;
}

/** @throws Unreadable */
export function decode(reader: WireReader, message: Message): JsonObject {
  return decodeWithin(reader, message, { left: FIELDS_MAX }, 0);
}

function decodeWithin(reader: WireReader, message: Message, budget: FieldBudget, depth: number): JsonObject {
  if (depth > DEPTH_MAX) throw new Unreadable('a value is nested too deeply');
  const object: Record<string, unknown> = {};
  while (!reader.done) {
    const tag = reader.tag();
    const field = message[tag >>> 3];
    if (field === undefined || (tag & 7) !== wireTypeOf(field)) {
      reader.skip(tag);
      continue;
    }
    if (--budget.left < 0) throw new Unreadable(`it has more than ${FIELDS_MAX} values`);
    const value =
      typeof field.type === 'function'
        ? decodeWithin(reader.message(), field.type(), budget, depth + 1)
        : readScalar(reader, field.type);
    const before = object[field.name];
    if (field.repeated !== true) object[field.name] = value;
    else if (Array.isArray(before)) before.push(value);
    else object[field.name] = [value];
  }
  return object;
}

function wireTypeOf(field: Field): number {
  return typeof field.type === 'function' ? WIRE.bytes : WIRE_TYPES[field.type];
}

function readScalar(reader: WireReader, type: Scalar): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'bool':
      return reader.bool();
    case 'int32':
      return reader.int32();
    case 'int64':
      return reader.int64();
    case 'fixed64':
      return reader.fixed64();
    case 'sfixed64':
      return reader.sfixed64();
    case 'double':
      return reader.double();
    case 'id':
      return reader.bytes('hex');
    case 'bytes':
      return reader.bytes('base64');
    default:
      return type satisfies never;
  }
}

const one = (name: string, type: Field['type']): Field => ({ name, type });
const many = (name: string, type: Field['type']): Field => ({ name, type, repeated: true });

const ANY_VALUE: Message = {
  1: one('stringValue', 'string'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'int64'),
  4: one('doubleValue', 'double'),
  5: one('arrayValue', () => ARRAY_VALUE),
  6: one('kvlistValue', () => KEY_VALUE_LIST),
  7: one('bytesValue', 'bytes'),
};
const ARRAY_VALUE: Message = { 1: many('values', () => ANY_VALUE) };
const KEY_VALUE_LIST: Message = { 1: many('values', () => KEY_VALUE) };
const KEY_VALUE: Message = { 1: one('key', 'string'), 2: one('value', () => ANY_VALUE) };
const attributes = many('attributes', () => KEY_VALUE);

export const RESOURCE: Message = { 1: attributes };
export const SCOPE: Message = { 1: one('name', 'string'), 2: one('version', 'string'), 3: attributes };

export const LOG_RECORD: Message = {
  1: one('timeUnixNano', 'fixed64'),
  2: one('severityNumber', 'int32'),
  3: one('severityText', 'string'),
  5: one('body', () => ANY_VALUE),
  6: attributes,
  7: one('droppedAttributesCount', 'int32'),
  9: one('traceId', 'id'),
  10: one('spanId', 'id'),
  11: one('observedTimeUnixNano', 'fixed64'),
  12: one('eventName', 'string'),
};

const EVENT: Message = { 1: one('timeUnixNano', 'fixed64'), 2: one('name', 'string'), 3: attributes };
const STATUS: Message = { 2: one('message', 'string'), 3: one('code', 'int32') };

export const SPAN: Message = {
  1: one('traceId', 'id'),
  2: one('spanId', 'id'),
  4: one('parentSpanId', 'id'),
  5: one('name', 'string'),
  6: one('kind', 'int32'),
  7: one('startTimeUnixNano', 'fixed64'),
  8: one('endTimeUnixNano', 'fixed64'),
  9: attributes,
  10: one('droppedAttributesCount', 'int32'),
  11: many('events', () => EVENT),
  15: one('status', () => STATUS),
};

const NUMBER_POINT: Message = {
  2: one('startTimeUnixNano', 'fixed64'),
  3: one('timeUnixNano', 'fixed64'),
  4: one('asDouble', 'double'),
  6: one('asInt', 'sfixed64'),
  7: attributes,
  8: one('flags', 'int32'),
};
const HISTOGRAM_POINT: Message = {
  2: one('startTimeUnixNano', 'fixed64'),
  3: one('timeUnixNano', 'fixed64'),
  4: one('count', 'fixed64'),
  5: one('sum', 'double'),
  9: attributes,
  10: one('flags', 'int32'),
  11: one('min', 'double'),
  12: one('max', 'double'),
};
const EXPONENTIAL_POINT: Message = {
  1: attributes,
  2: one('startTimeUnixNano', 'fixed64'),
  3: one('timeUnixNano', 'fixed64'),
  4: one('count', 'fixed64'),
  5: one('sum', 'double'),
  10: one('flags', 'int32'),
  12: one('min', 'double'),
  13: one('max', 'double'),
};
const SUMMARY_POINT: Message = {
  2: one('startTimeUnixNano', 'fixed64'),
  3: one('timeUnixNano', 'fixed64'),
  4: one('count', 'fixed64'),
  5: one('sum', 'double'),
  7: attributes,
  8: one('flags', 'int32'),
};
const points = (point: Message): Message => ({
  1: many('dataPoints', () => point),
  2: one('aggregationTemporality', 'int32'),
  3: one('isMonotonic', 'bool'),
});
const GAUGE = points(NUMBER_POINT);
const SUM = points(NUMBER_POINT);
const HISTOGRAM = points(HISTOGRAM_POINT);
const EXPONENTIAL_HISTOGRAM = points(EXPONENTIAL_POINT);
const SUMMARY = points(SUMMARY_POINT);

export const METRIC: Message = {
  1: one('name', 'string'),
  3: one('unit', 'string'),
  5: one('gauge', () => GAUGE),
  7: one('sum', () => SUM),
  9: one('histogram', () => HISTOGRAM),
  10: one('exponentialHistogram', () => EXPONENTIAL_HISTOGRAM),
  11: one('summary', () => SUMMARY),
};
