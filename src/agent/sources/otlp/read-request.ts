import { NervesysError } from '../../../platform/errors.ts';
import { decode, type JsonObject, LOG_RECORD, METRIC, type Message, RESOURCE, SCOPE, SPAN } from './messages.ts';
import { type Attributes, readAttributes, textOr } from './values.ts';
import { Unreadable, WIRE, WireReader } from './wire-reader.ts';

export type Signal = 'logs' | 'traces' | 'metrics';
export type OtlpEncoding = 'protobuf' | 'json';

/** Who sent an item: the process (its resource) and the library in it. */
export interface Origin {
  readonly resource: Attributes;
  readonly scope: string;
  readonly scopeVersion: string;
  readonly scopeAttributes: Attributes;
}

/** A log record, span or metric, in the shape of OTLP's JSON; or why it can't be read. */
export type Item =
  | { readonly origin: Origin; readonly value: JsonObject }
  | { readonly origin: Origin; readonly unreadable: string };

interface SignalShape {
  readonly groups: string;
  readonly scopes: string;
  readonly items: string;
  readonly message: Message;
}

const SHAPES: Readonly<Record<Signal, SignalShape>> = {
  logs: { groups: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords', message: LOG_RECORD },
  traces: { groups: 'resourceSpans', scopes: 'scopeSpans', items: 'spans', message: SPAN },
  metrics: { groups: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics', message: METRIC },
};

/**
 * The items of an export request, one after the other. An item that is broken in itself is yielded as such; where the request
 * around the items is broken, nothing of it can be trusted.
 * @throws NervesysError `NSV_BODY_INVALID`, `NSV_BODY_TOO_LARGE`
 */
export function* readRequest(signal: Signal, encoding: OtlpEncoding, body: Buffer): Generator<Item> {
  try {
    yield* encoding === 'json' ? jsonItems(SHAPES[signal], body) : protobufItems(SHAPES[signal], body);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new NervesysError('NSV_BODY_INVALID', `read an export of ${signal}: ${error.message}`, {
      cause: error,
      hint: 'Send an OTLP export request in the encoding that Content-Type names; nothing of this one was taken.',
    });
  }
}

/* All three requests have the same numbers: groups 1, in them the resource 1 and scopes 2, in those the scope 1 and items 2. */
const FIRST = 1;
const SECOND = 2;

function* protobufItems(shape: SignalShape, body: Buffer): Generator<Item> {
  for (const group of messagesAt(new WireReader(body), FIRST)) {
    const resource = decodeFirst(group, RESOURCE);
    for (const scoped of messagesAt(group, SECOND)) {
      const origin = originOf(resource, decodeFirst(scoped, SCOPE));
      for (const item of messagesAt(scoped, SECOND)) {
        yield itemOf(origin, () => decode(item, shape.message));
      }
    }
  }
}

/** The sub-messages in field `number`; the reader itself stays where it is. */
function* messagesAt(within: WireReader, number: number): Generator<WireReader> {
  const reader = within.fork();
  const wanted = number * 8 + WIRE.bytes;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === wanted) yield reader.message();
    else reader.skip(tag);
  }
}

/** Resource and scope may stand behind what they belong to, so they are looked for first. */
function decodeFirst(within: WireReader, message: Message): JsonObject {
  let found: JsonObject = {};
  for (const reader of messagesAt(within, FIRST)) found = decode(reader, message);
  return found;
}

function* jsonItems(shape: SignalShape, body: Buffer): Generator<Item> {
  const request = asObject(parseJson(body), 'the request');
  for (const group of objectsAt(request, shape.groups)) {
    const resource = objectAt(group, 'resource');
    for (const scoped of objectsAt(group, shape.scopes)) {
      const origin = originOf(resource, objectAt(scoped, 'scope'));
      for (const item of listAt(scoped, shape.items)) yield itemOf(origin, () => asObject(item, 'an item'));
    }
  }
}

function itemOf(origin: Origin, read: () => JsonObject): Item {
  try {
    return { origin, value: read() };
  } catch (error) {
    if (error instanceof Unreadable) return { origin, unreadable: error.message };
    throw error;
  }
}

function originOf(resource: JsonObject, scope: JsonObject): Origin {
  return {
    resource: readAttributes(resource['attributes']),
    scope: textOr(scope['name'], ''),
    scopeVersion: textOr(scope['version'], ''),
    scopeAttributes: readAttributes(scope['attributes']),
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new Unreadable(`not valid JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable(`${what} is no object`);
  return value as JsonObject;
}

function objectAt(within: JsonObject, key: string): JsonObject {
  const value = own(within, key);
  return value === undefined || value === null ? {} : asObject(value, `"${key}"`);
}

function listAt(within: JsonObject, key: string): readonly unknown[] {
  const value = own(within, key);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Unreadable(`"${key}" is no list`);
  return value;
}

function objectsAt(within: JsonObject, key: string): readonly JsonObject[] {
  return listAt(within, key).map((value) => asObject(value, `an element of "${key}"`));
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
