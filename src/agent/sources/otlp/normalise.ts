import { cutUtf8 } from '../record-encoder.ts';
import type { Origin } from './read-request.ts';
import { type Attributes, numberOf } from './values.ts';

/*
 * The same fact has another name in every framework. Here are the names, best first; what is found goes into the context under one
 * stable key beside the raw attributes, which are all kept. A key is there only where its fact is.
 *
 * `input_tokens` is as the source counts it: gen_ai includes the cached tokens in it, Claude Code doesn't.
 */

const WORDS: Readonly<Record<string, readonly string[]>> = {
  provider: [
    'gen_ai.provider.name',
    'gen_ai.system',
    'llm.provider',
    'llm.system',
    'ai.model.provider',
    'langsmith.metadata.ls_provider',
  ],
  model: [
    'gen_ai.response.model',
    'gen_ai.request.model',
    'llm.model_name',
    'ai.model.id',
    'langsmith.metadata.ls_model_name',
    'model',
  ],
  session: ['gen_ai.conversation.id', 'session.id', 'conversation.id', 'langfuse.session.id', 'group_id'],
  tool: ['gen_ai.tool.name', 'tool.name', 'tool_name', 'ai.toolCall.name', 'function_name'],
};

const TOKENS: Readonly<Record<string, readonly string[]>> = {
  input_tokens: [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'llm.token_count.prompt',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    'input_tokens',
    'input_token_count',
  ],
  output_tokens: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
    'output_tokens',
    'output_token_count',
  ],
  cache_read_tokens: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'llm.token_count.prompt_details.cache_read',
    'ai.usage.cachedInputTokens',
    'cache_read_tokens',
    'cached_input_tokens',
    'cached_token_count',
    'cached_content_token_count',
  ],
  cache_write_tokens: [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'llm.token_count.prompt_details.cache_write',
    'cache_write_tokens',
    'cache_creation_tokens',
    'cache_write_input_tokens',
    'cache_write_token_count',
  ],
};

/** Every record repeats the attributes of its sender; more than this of them would be a lever to fill the buffer with. */
const RESOURCE_BYTES_MAX = 8 * 1024;
/** What the SDKs call a service that nobody named. */
const UNNAMED_SERVICE = /^unknown_service(:|$)/;

/** The AI agent's name; `undefined` where the sender gave none. */
export function agentNameOf(attributes: Attributes, origin: Origin): string | undefined {
  for (const name of ['gen_ai.agent.name', 'agent.name', 'service.name']) {
    for (const from of [attributes, origin.scopeAttributes, origin.resource]) {
      const text = from[name];
      if (typeof text === 'string' && text.trim() !== '' && !UNNAMED_SERVICE.test(text)) return text;
    }
  }
  return undefined;
}

/** The stable columns; token counts only where `withTokens`, so that a sum over records counts each token once. */
export function normalisedColumns(
  attributes: Attributes,
  origin: Origin,
  withTokens: boolean,
): Readonly<Record<string, string | number>> {
  const columns: Record<string, string | number> = {};
  for (const [column, names] of Object.entries(WORDS)) {
    const word = firstWord(attributes, names);
    if (word !== undefined) columns[column] = word;
  }
  const session = columns['session'] ?? firstWord(origin.resource, WORDS['session']!);
  if (session !== undefined) columns['session'] = session;
  if (!withTokens) return columns;
  for (const [column, names] of Object.entries(TOKENS)) {
    for (const name of names) {
      const count = numberOf(attributes[name]);
      if (count === undefined) continue;
      columns[column] = count;
      break;
    }
  }
  return columns;
}

/** First non-empty one wins. */
export function firstWord(attributes: Attributes, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

/**
 * A record's context: our own keys first, then the raw attributes, then where they came from. A raw attribute that has the name of
 * one of our keys, and another value, is kept under `_<name>`; so is a token count that must not count (`withTokens`).
 */
export function contextOf(
  own: Readonly<Record<string, unknown>>,
  attributes: Attributes,
  origin: Origin,
  withTokens: boolean,
): Record<string, unknown> {
  const context: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(own)) if (value !== undefined) context[key] = value;
  const from = placeOf(origin);
  for (const key in attributes) {
    const taken = key in context ? context[key] : from[key];
    if (!withTokens && Object.hasOwn(TOKENS, key)) context[`_${key}`] = attributes[key];
    else if (taken === undefined) context[key] = attributes[key];
    else if (String(taken) !== String(attributes[key])) context[`_${key}`] = attributes[key];
  }
  for (const key in from) context[key] = from[key];
  return context;
}

/** All items of one sender share an origin: its part of their contexts is made once. */
const places = new WeakMap<Origin, Readonly<Record<string, unknown>>>();

function placeOf(origin: Origin): Readonly<Record<string, unknown>> {
  let place = places.get(origin);
  if (place === undefined) {
    const made: Record<string, unknown> = Object.create(null);
    if (origin.scope !== '') made['scope'] = cutUtf8(origin.scope, 256);
    if (origin.scopeVersion !== '') made['scope_version'] = cutUtf8(origin.scopeVersion, 256);
    if (!isEmpty(origin.scopeAttributes)) made['scope_attributes'] = bounded(origin.scopeAttributes);
    if (!isEmpty(origin.resource)) made['resource'] = bounded(origin.resource);
    place = made;
    places.set(origin, place);
  }
  return place;
}

function isEmpty(attributes: Attributes): boolean {
  for (const _ in attributes) return false;
  return true;
}

/** The attributes that fit, in their order, and a mark where some didn't. */
function bounded(attributes: Attributes): Attributes {
  const kept: Record<string, unknown> = Object.create(null);
  let left = RESOURCE_BYTES_MAX;
  let cut = false;
  for (const key in attributes) {
    const bytes = Buffer.byteLength(JSON.stringify(attributes[key]) ?? '') + Buffer.byteLength(key) + 4;
    if (bytes <= left) {
      kept[key] = attributes[key];
      left -= bytes;
    } else cut = true;
  }
  if (cut) kept['_truncated'] = true;
  return kept;
}
