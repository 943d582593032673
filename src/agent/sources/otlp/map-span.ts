import type { RecordFields } from './map-log.ts';
import type { JsonObject } from './messages.ts';
import { agentNameOf, contextOf, firstWord, normalisedColumns } from './normalise.ts';
import type { Origin } from './read-request.ts';
import { type Attributes, idOf, isoOf, nanosOf, numberOf, readAttributes, textOr } from './values.ts';

/** Attributes that only spans of AI work have: semantic conventions, OpenInference, OpenLLMetry, Vercel's SDK, LangSmith, Langfuse, MCP. */
const AI_ATTRIBUTE = /^(?:gen_ai|openinference|llm|traceloop|ai|langsmith|langfuse|mcp|claude_code|codex|gemini_cli)\./;
const AI_SPAN_NAME = /^(?:ai|claude_code|codex|gemini_cli)\./;
/** Operations that only gather what spans below them did, and repeat their usage. */
const GATHERING_OPERATIONS: ReadonlySet<string> = new Set([
  'invoke_agent',
  'create_agent',
  'invoke_workflow',
  'execute_tool',
]);
/** What frameworks call the kind of a span, where they do; `AGENT`, `CHAIN`, `WORKFLOW` and the like are no calls of a model. */
const KIND_NAMES = [
  'openinference.span.kind',
  'langsmith.span.kind',
  'langfuse.observation.type',
  'traceloop.span.kind',
] as const;
const LEAF_KINDS: ReadonlySet<string> = new Set(['LLM', 'GENERATION', 'EMBEDDING', 'RERANKER', 'UNKNOWN']);
const SPAN_KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_ERROR = 2;
/** Span events hold prompts in older conventions; more than this of one span say nothing new. */
const EVENTS_MAX = 100;

/**
 * A span of AI work, or one that failed → a record at its end; `undefined` for any other span: a trace of a web server has
 * thousands of them, and they are no log. @throws Unreadable
 */
export function mapSpan(span: JsonObject, origin: Origin): RecordFields | undefined {
  const attributes = readAttributes(span['attributes']);
  const name = textOr(span['name'], '') || 'span';
  const status = isObject(span['status']) ? span['status'] : {};
  const failed = numberOf(status['code']) === STATUS_ERROR || status['code'] === 'STATUS_CODE_ERROR';
  if (!failed && !isAiWork(name, attributes)) return undefined;
  const startedAt = nanosOf(span['startTimeUnixNano']);
  const endedAt = nanosOf(span['endTimeUnixNano']);
  const durationMs = startedAt === undefined || endedAt === undefined ? undefined : durationOf(startedAt, endedAt);
  const leaf = isLeaf(name, attributes);
  const { events, exception } = readEvents(span['events']);
  const error = failed
    ? textOr(status['message'], '') ||
      firstWord(attributes, ['exception.message', 'error.message', 'error.type']) ||
      firstWord(exception, ['exception.message', 'exception.type']) ||
      'error'
    : undefined;
  const dropped = numberOf(span['droppedAttributesCount']) ?? 0;
  return {
    timestamp: isoOf(endedAt, startedAt),
    level: failed ? 'ERROR' : 'INFO',
    agent_id: agentNameOf(attributes, origin),
    action: actionOf(name, attributes),
    message: `${name}${durationMs === undefined ? '' : ` ${Math.round(durationMs)} ms`}${error === undefined ? '' : `: ${error}`}`,
    context: contextOf(
      {
        ...normalisedColumns(attributes, origin, leaf),
        duration_ms: durationMs,
        error,
        trace_id: idOf(span['traceId'], 16),
        span_id: idOf(span['spanId'], 8),
        parent_span_id: idOf(span['parentSpanId'], 8),
        span_name: name,
        span_kind: SPAN_KINDS[numberOf(span['kind']) ?? 0] || undefined,
        events: events.length === 0 ? undefined : events,
        dropped_attributes: dropped > 0 ? dropped : undefined,
      },
      attributes,
      origin,
      leaf,
    ),
  };
}

function isAiWork(name: string, attributes: Attributes): boolean {
  if (AI_SPAN_NAME.test(name)) return true;
  for (const key in attributes) if (AI_ATTRIBUTE.test(key)) return true;
  return false;
}

function actionOf(name: string, attributes: Attributes): string {
  return (
    firstWord(attributes, ['gen_ai.operation.name', 'ai.operationId', 'mcp.method.name']) ??
    firstWord(attributes, KIND_NAMES)?.toLowerCase() ??
    name
  );
}

/** Whether the span is a call of a model itself, whose tokens count; those around it repeat them. */
function isLeaf(name: string, attributes: Attributes): boolean {
  const vercel = firstWord(attributes, ['ai.operationId']) ?? name;
  if (vercel.startsWith('ai.')) return /\.do[A-Z]/.test(vercel);
  if (name === 'claude_code.interaction') return false;
  const operation = firstWord(attributes, ['gen_ai.operation.name']);
  if (operation !== undefined && GATHERING_OPERATIONS.has(operation)) return false;
  return KIND_NAMES.every((of) => {
    const kind = firstWord(attributes, [of]);
    return kind === undefined || LEAF_KINDS.has(kind.toUpperCase());
  });
}

/** ms with µs as fraction; a clock that was set back during the span gives 0. */
function durationOf(startedAt: bigint, endedAt: bigint): number {
  return endedAt < startedAt ? 0 : Number((endedAt - startedAt) / 1_000n) / 1_000;
}

function readEvents(list: unknown): { events: readonly JsonObject[]; exception: Attributes } {
  const events: JsonObject[] = [];
  let exception: Attributes = {};
  for (const event of Array.isArray(list) ? list.slice(0, EVENTS_MAX) : []) {
    if (!isObject(event)) continue;
    const name = textOr(event['name'], '');
    const attributes = readAttributes(event['attributes']);
    if (name === 'exception') exception = attributes;
    events.push({ name, time: isoOf(nanosOf(event['timeUnixNano'])) ?? null, attributes });
  }
  return { events, exception };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
