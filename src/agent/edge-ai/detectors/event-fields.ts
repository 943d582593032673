import type { RecordView } from '../../rules/record-view.ts';
import type { AiEvent, AiWork, ToolCall } from './ai-event.ts';
import {
  CALL_ID,
  CALL_KINDS,
  COST,
  ERROR,
  EXIT,
  GATHERING,
  INPUT_TOKENS,
  LEGACY_KINDS,
  LLM_ERROR_KINDS,
  LLM_KINDS,
  MODEL,
  NAMING_PARAMETERS,
  OUTPUT,
  OUTPUT_KINDS,
  OUTPUT_TOKENS,
  PERMISSION_KINDS,
  PREFIX,
  RESPONSE_ID,
  RESULT_KINDS,
  SESSION,
  SPAN,
  STATUS,
  TOOL,
  TOOL_ARGUMENTS,
  TOOL_RESULT,
} from './event-names.ts';
import { markOf, nameOf, shown } from './marks.ts';
import { callsIn, lastResultsIn, readMessage, textIn } from './message-parts.ts';
import { exitStatusIn, isRefusal, llmTroubleIn, resultOutcome } from './outcome-words.ts';

type Context = Readonly<Record<string, unknown>>;

/** `undefined`: its fields tell nothing. */
export function readFields(view: RecordView): AiEvent | undefined {
  const context = unfolded(view.context);
  const event = eventIn(view, context);
  const work = event && workIn(event, context);
  return work === undefined ? event : { ...event!, work };
}

/**
 * A call counts where its tokens are told, and where it failed: records of the same call without either, such as its messages, are many. A tool
 * counts by its call or its end, whichever is told.
 */
function workIn(event: AiEvent, context: Context): AiWork | undefined {
  const told = { span: wordAt(context, SPAN), isSpan: context['span_name'] !== undefined };
  switch (event.type) {
    case 'llm_call':
      return event.tokens > 0 ? callIn(context, { ...told, id: event.id }, false) : undefined;
    case 'llm_error':
      return callIn(context, { ...told, id: wordAt(context, RESPONSE_ID) }, true);
    case 'tool_call': {
      const [call] = event.calls;
      return call && { type: 'tool', tool: call.tool, id: call.id, ...told, hasEnded: false, isFailed: false };
    }
    case 'tool_result': {
      const { tool, id } = event.call;
      return { type: 'tool', tool, id, ...told, hasEnded: true, isFailed: event.isFailure === true };
    }
    default:
      return undefined;
  }
}

function callIn(context: Context, told: Pick<AiWork, 'id' | 'span' | 'isSpan'>, isFailed: boolean): AiWork {
  const { input, output } = usageOf(context);
  const cost = Number(wordAt(context, COST) ?? Number.NaN);
  const model = wordAt(context, MODEL);
  const isCost = cost >= 0 && cost < COST_MAX;
  return {
    type: 'call',
    model,
    inputTokens: input,
    outputTokens: output,
    ...(isCost ? { cost } : {}),
    isFailed,
    ...told,
  };
}

/** Of one call; more is nobody's price. */
const COST_MAX = 10_000;

function eventIn(view: RecordView, context: Context): AiEvent | undefined {
  if ('metric' in context && 'metric_kind' in context) return undefined; // its numbers are told by logs and spans as well
  const session = wordAt(context, SESSION) ?? '';
  const kind = kindOf(view, context);
  const role = context['role'];
  if (kind === undefined && typeof role === 'string') {
    const message = readMessage(context, role, session, tokensOf(context, kind));
    if (message !== undefined) return message;
  }
  if (kind === 'choice' || kind === 'tool.message') return legacyMessage(view, kind, session);
  if (kind !== undefined) {
    const isOfModel = speaksOfModel(view, context, kind);
    if (PERMISSION_KINDS.test(kind)) return permission(view, context, session, kind);
    if (LLM_ERROR_KINDS.test(kind) && isOfModel) return llmError(view, context, session);
    if (RESULT_KINDS.test(kind)) return toolEvent(view, context, session, true);
    if (CALL_KINDS.test(kind)) return toolEvent(view, context, session, false);
    if (LLM_KINDS.test(kind) && isOfModel) return llmEvent(view, context, session, kind);
    if (OUTPUT_KINDS.test(kind)) return output(view, context, session);
  }
  const hasTool = wordAt(context, TOOL) !== undefined;
  if (hasTool && (valueAt(context, TOOL_ARGUMENTS) !== undefined || hasOutcome(context)))
    return toolEvent(view, context, session, false);
  if (tokensOf(context, kind) > 0) return llmEvent(view, context, session, kind ?? '');
  return hasExit(context) ? output(view, context, session) : undefined;
}

/**
 * Events of the conventions up to 1.36, whose bodies are messages. Those of earlier messages come again with each request and are left out, but
 * for tool results, which are new once.
 */
function legacyMessage(view: RecordView, kind: string, session: string): AiEvent | undefined {
  const body: unknown = JSON.parse(view.message);
  if (typeof body !== 'object' || body === null) return undefined;
  const message = kind === 'choice' ? (body as Context)['message'] : body;
  if (typeof message !== 'object' || message === null) return undefined;
  const role = kind === 'choice' ? 'assistant' : 'tool';
  const { id } = message as Context;
  return readMessage({ tool_call_id: id, ...message }, role, session, 0);
}

/** A call that stands as a group of its own: its name and arguments as they stand elsewhere. */
function unfolded(context: Context): Context {
  for (const key of ['tool_call', 'toolCall', 'function_call']) {
    const call = context[key];
    if (typeof call !== 'object' || call === null || Array.isArray(call)) continue;
    const { name, arguments: args, args: short, input, id } = call as Context;
    if (typeof name === 'string' && name !== '')
      return { tool: name, arguments: args ?? short ?? input ?? {}, call_id: id, ...context };
  }
  return context;
}

/** Programs that have nothing to do with models have API errors, chats and completions, too. */
function speaksOfModel(view: RecordView, context: Context, kind: string): boolean {
  if (kind.startsWith('llm') || kind.startsWith('model') || PREFIX.test(view.action)) return true;
  if (wordAt(context, MODEL) !== undefined || tokensOf(context, kind) > 0) return true;
  for (const key in context)
    if (key.startsWith('gen_ai.') || key.startsWith('llm.') || key.startsWith('ai.')) return true;
  return false;
}

function kindOf(view: RecordView, context: Context): string | undefined {
  for (const candidate of [
    view.action,
    context['event_name'],
    context['event.name'],
    context['event'],
    context['type'],
  ]) {
    if (typeof candidate !== 'string' || candidate.length > 100) continue;
    const kind = candidate.replace(PREFIX, '').toLowerCase();
    if (
      [LEGACY_KINDS, PERMISSION_KINDS, LLM_ERROR_KINDS, RESULT_KINDS, CALL_KINDS, LLM_KINDS, OUTPUT_KINDS].some((of) =>
        of.test(kind),
      )
    )
      return kind;
  }
  return undefined;
}

function toolEvent(view: RecordView, context: Context, session: string, isResult: boolean): AiEvent {
  const call = callOf(context);
  if (!isResult && !hasOutcome(context)) return { type: 'tool_call', session, calls: [call] };
  const result = valueAt(context, TOOL_RESULT) ?? (isResult ? (documentsIn(context) ?? view.message) : undefined);
  const error = wordAt(context, ERROR);
  const text = textIn(result) || error || '';
  const told = resultOutcome(result, text);
  const exitStatus = exitOf(context) ?? told.exitStatus;
  const isFailure = failureOf(view, context, error) ?? (exitStatus === undefined ? told.isFailure : exitStatus !== 0);
  const decision = wordAt(context, ['decision']);
  const isRefused =
    (decision !== undefined && isRefusal(decision)) || (isFailure === true && isRefusal(error ?? text.slice(0, 400)));
  const isContradicted = saysFailure(context) === false && told.isFailure === true && told.isStated === true;
  return { type: 'tool_result', session, call, text, isFailure, exitStatus, isRefused, isContradicted };
}

/** OpenInference's way: one attribute for each document that was found. */
function documentsIn(context: Context): string | undefined {
  const texts: unknown[] = [];
  for (const key in context) {
    if (texts.length >= DOCUMENTS_MAX) break;
    if (key.startsWith('retrieval.documents.') && key.endsWith('.document.content')) texts.push(context[key]);
  }
  return texts.length === 0 ? undefined : textIn(texts);
}

const DOCUMENTS_MAX = 50;

function callOf(context: Context): ToolCall {
  const tool = nameOf(wordAt(context, TOOL) ?? wordAt(context, ['traceloop.entity.name']) ?? 'tool');
  const args = valueAt(context, TOOL_ARGUMENTS) ?? fullParameters(context['tool_parameters']);
  const id = wordAt(context, CALL_ID);
  return args === undefined ? { tool, id } : { tool, id, mark: markOf(tool, args), shown: shown(args) };
}

function fullParameters(given: unknown): unknown {
  let parameters = given;
  if (typeof parameters === 'string')
    try {
      parameters = JSON.parse(parameters);
    } catch {
      return parameters;
    }
  if (typeof parameters !== 'object' || parameters === null) return undefined;
  return Object.keys(parameters).some((key) => !NAMING_PARAMETERS.has(key)) ? parameters : undefined;
}

function permission(view: RecordView, context: Context, session: string, kind: string): AiEvent | undefined {
  const decision =
    wordAt(context, ['decision', 'outcome', 'status', 'behavior']) ?? `${kind.replaceAll('_', ' ')} ${view.message}`;
  const tool = wordAt(context, TOOL);
  if (tool === undefined && kind.startsWith('approval')) return undefined; // of a holiday, perhaps
  return {
    type: 'permission',
    session,
    isRefused: isRefusal(decision),
    tool: nameOf(tool ?? 'tool'),
    id: wordAt(context, CALL_ID),
  };
}

function llmEvent(view: RecordView, context: Context, session: string, kind: string): AiEvent {
  const error = wordAt(context, ERROR);
  const status = Number(wordAt(context, STATUS) ?? 0);
  if (view.level === 'ERROR' || view.level === 'CRITICAL' || status >= 400 || (error !== undefined && error !== ''))
    return llmError(view, context, session);
  const messages = context['gen_ai.output.messages'];
  return {
    type: 'llm_call',
    session,
    tokens: tokensOf(context, kind),
    id: wordAt(context, RESPONSE_ID),
    model: wordAt(context, MODEL),
    calls: callsIn(messages),
    text: textIn(valueAt(context, OUTPUT)),
    given: lastResultsIn(context['gen_ai.input.messages']),
  };
}

function llmError(view: RecordView, context: Context, session: string): AiEvent {
  const text = [wordAt(context, STATUS), ...ERROR.map((name) => wordAt(context, [name])), view.message]
    .filter((one) => one !== undefined)
    .join(' ')
    .slice(0, 4_000);
  // An error of a model's provider may speak of a limit in whatever words.
  const trouble = llmTroubleIn(text) ?? (/rate.?limit|\b429\b/i.test(text) ? 'rate_limit' : 'other');
  return { type: 'llm_error', session, trouble, text };
}

function output(view: RecordView, context: Context, session: string): AiEvent {
  const text = textIn(valueAt(context, OUTPUT)) || view.message;
  const exitStatus = exitOf(context);
  const isFailure = exitStatus === undefined ? saysFailure(context) : exitStatus !== 0;
  return { type: 'output', session, text, exitStatus, isFailure };
}

function hasOutcome(context: Context): boolean {
  return (
    valueAt(context, TOOL_RESULT) !== undefined ||
    ['success', 'is_error', 'isError', 'ok', 'duration_ms', 'error'].some((key) => context[key] !== undefined) ||
    hasExit(context)
  );
}

function hasExit(context: Context): boolean {
  return EXIT.some((key) => context[key] !== undefined);
}

function exitOf(context: Context): number | undefined {
  const word = wordAt(context, EXIT);
  const status = word === undefined ? Number.NaN : Number(word);
  return Number.isInteger(status) ? status : exitStatusIn(textIn(context['stderr']).slice(0, 200));
}

/** `undefined`: nobody says. */
function failureOf(view: RecordView, context: Context, error: string | undefined): boolean | undefined {
  const said = saysFailure(context);
  if (said !== undefined) return said;
  if (error !== undefined) return true;
  return view.level === 'ERROR' || view.level === 'CRITICAL' ? true : undefined;
}

function saysFailure(context: Context): boolean | undefined {
  for (const key of ['success', 'ok']) {
    const value = context[key];
    if (value === true || value === 'true') return false;
    if (value === false || value === 'false') return true;
  }
  for (const key of ['is_error', 'isError']) {
    const value = context[key];
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
  }
  const status = context['status'];
  if (typeof status !== 'string') return undefined;
  if (/^(?:error|failed|failure|errored|timeout)$/i.test(status)) return true;
  return /^(?:ok|success|succeeded|completed)$/i.test(status) ? false : undefined;
}

function tokensOf(context: Context, kind: string | undefined): number {
  if (kind !== undefined && GATHERING.test(kind)) return 0;
  const { input, output } = usageOf(context);
  return input + output;
}

interface Usage {
  readonly input: number;
  readonly output: number;
}

function usageOf(context: Context): Usage {
  // Of a span that repeats what is below it, only the raw attributes are left.
  if (context['span_name'] !== undefined)
    return { input: countAt(context, INPUT_COLUMN), output: countAt(context, OUTPUT_COLUMN) };
  const usage = { input: countAt(context, INPUT_TOKENS), output: countAt(context, OUTPUT_TOKENS) };
  if (usage.input + usage.output > 0) return usage;
  // An SDK's answer, as it is: `{usage: {input_tokens, output_tokens}}`.
  const own = context['usage'];
  if (typeof own !== 'object' || own === null || Array.isArray(own)) return usage;
  return { input: countAt(own as Context, INPUT_TOKENS), output: countAt(own as Context, OUTPUT_TOKENS) };
}

const INPUT_COLUMN = INPUT_TOKENS.slice(0, 1);
const OUTPUT_COLUMN = OUTPUT_TOKENS.slice(0, 1);

function countAt(context: Context, names: readonly string[]): number {
  const count = Number(wordAt(context, names) ?? 0);
  return count > 0 && count < TOKENS_MAX ? count : 0;
}

/** More at once is nobody's count. */
const TOKENS_MAX = 1e9;

/** The first that is a text or a number, as text. */
function wordAt(context: Context, names: readonly string[]): string | undefined {
  for (const name of names) {
    if (!Object.hasOwn(context, name)) continue;
    const value = context[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const inner = (value as Context)['name'] ?? (value as Context)['message'];
      if (typeof inner === 'string' && inner !== '') return inner;
    }
  }
  return undefined;
}

function valueAt(context: Context, names: readonly string[]): unknown {
  for (const name of names) {
    if (!Object.hasOwn(context, name)) continue;
    const value = context[name];
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}
