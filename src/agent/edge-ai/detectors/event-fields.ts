import type { RecordView } from '../../rules/record-view.ts';
import type { AiEvent, ToolCall } from './ai-event.ts';
import { markOf, nameOf, shown } from './marks.ts';
import { callsIn, lastResultsIn, textIn } from './message-parts.ts';
import { exitStatusIn, isRefusal, llmTroubleIn, resultOutcome } from './outcome-words.ts';

type Context = Readonly<Record<string, unknown>>;

/*
 * Records with fields. The same fact has another name in every framework; the names stand here, best first, as in
 * `sources/otlp/normalise.ts`, whose columns come first of all. A name with dots is one key, as OpenTelemetry has them.
 */

const TOOL = ['tool', 'gen_ai.tool.name', 'tool.name', 'tool_name', 'ai.toolCall.name', 'function_name', 'toolName'];
const TOOL_ARGUMENTS = [
  'gen_ai.tool.call.arguments',
  'ai.toolCall.args',
  'ai.toolCall.input',
  'tool_input',
  'tool_arguments',
  'tool_args',
  'function_args',
  'arguments',
  'args',
  'params',
  'input.value',
  'input',
];
const TOOL_RESULT = [
  'gen_ai.tool.call.result',
  'gen_ai.retrieval.documents',
  'ai.toolCall.result',
  'ai.toolCall.output',
  'tool_output',
  'tool_result',
  'tool_response',
  'function_response',
  'output.value',
  'output',
  'result',
  'documents',
  'observation',
];
const CALL_ID = ['gen_ai.tool.call.id', 'ai.toolCall.id', 'tool_call_id', 'tool_use_id', 'call_id', 'tool_call.id'];
const SESSION = [
  'session',
  'gen_ai.conversation.id',
  'session.id',
  'conversation.id',
  'session_id',
  'conversation_id',
  'thread_id',
];
const ERROR = [
  'error',
  'error.message',
  'error_message',
  'exception.message',
  'error.type',
  'error_type',
  'exception.type',
];
const EXIT = ['exit_code', 'exitCode', 'exit_status', 'exitStatus', 'returncode', 'return_code', 'process.exit.code'];
const MODEL = ['model', 'gen_ai.response.model', 'gen_ai.request.model', 'llm.model_name', 'ai.model.id'];
const RESPONSE_ID = ['gen_ai.response.id', 'ai.response.id', 'request_id', 'requestId'];
const OUTPUT = [
  'gen_ai.output.messages',
  'output.value',
  'ai.response.text',
  'gen_ai.completion',
  'response',
  'assistant_response',
  'output',
  'text',
  'content',
];
/** In OpenTelemetry's columns the first ones stand for all others; elsewhere whichever there is. */
const INPUT_TOKENS = [
  'input_tokens',
  'gen_ai.usage.input_tokens',
  'prompt_tokens',
  'llm.token_count.prompt',
  'inputTokens',
];
const OUTPUT_TOKENS = [
  'output_tokens',
  'gen_ai.usage.output_tokens',
  'completion_tokens',
  'llm.token_count.completion',
  'outputTokens',
];

/** What an event is called, without the product's name before it. */
const CALL_KINDS =
  /^(?:tool_?call|tool_?use|function_?call|execute_tool|tool_?start|call_tool|tools\/call|tool|ai\.toolcall)$/;
const RESULT_KINDS =
  /^(?:tool_?(?:call_)?(?:result|output|response|end|error|failed)|function_?(?:result|response)|observation|retrieval|retriever)$/;
const PERMISSION_KINDS =
  /^(?:tool_?decision|permission(?:_?(?:request|decision|denied|refused))?|approval(?:_?(?:request|decision|denied))?)$/;
const LLM_ERROR_KINDS = /^(?:api_error|llm_error|model_error|client\.operation\.exception|api_retries_exhausted)$/;
const LLM_KINDS =
  /^(?:api_re(?:quest|sponse)|chat|generate_content|text_completion|llm(?:_re(?:quest|sponse)|_call)?|completion|generation|sse_event|embeddings?|client\.inference\.operation\.details|ai\.\w+\.do\w+)$/;
const OUTPUT_KINDS =
  /^(?:assistant(?:_?(?:response|message))?|agent_?(?:response|message|output)|final_?(?:answer|output|response)|invoke_agent|agent|task_?(?:complete[d]?|finished|result)|result|output|answer)$/;
const PREFIX = /^(?:claude_code|codex|gemini_cli|gen_ai)[._]/;
/** Operations around calls of a model, which repeat their tokens. */
const GATHERING = /^(?:invoke_agent|create_agent|invoke_workflow|execute_tool|agent|chain|workflow)$/;
/** Of a tool's parameters these say which one it was, not what it was given: Claude Code tells no more unless it is asked to. */
const NAMING_PARAMETERS = new Set([
  'mcp_server_name',
  'mcp_tool_name',
  'skill_name',
  'subagent_type',
  'bash_command',
  'description',
  'timeout',
]);

/** `undefined`: its fields tell nothing. */
export function readFields(view: RecordView): AiEvent | undefined {
  const { context } = view;
  if ('metric' in context && 'metric_kind' in context) return undefined; // its numbers are told by logs and spans as well
  const session = wordAt(context, SESSION) ?? '';
  const kind = kindOf(view, context);
  if (kind !== undefined) {
    if (PERMISSION_KINDS.test(kind)) return permission(view, context, session, kind);
    if (LLM_ERROR_KINDS.test(kind)) return llmError(view, context, session);
    if (RESULT_KINDS.test(kind)) return toolEvent(view, context, session, true);
    if (CALL_KINDS.test(kind)) return toolEvent(view, context, session, false);
    if (LLM_KINDS.test(kind)) return llmEvent(view, context, session, kind);
    if (OUTPUT_KINDS.test(kind)) return output(view, context, session);
  }
  const hasTool = wordAt(context, TOOL) !== undefined;
  if (hasTool && (valueAt(context, TOOL_ARGUMENTS) !== undefined || hasOutcome(context)))
    return toolEvent(view, context, session, false);
  if (tokensOf(context, kind) > 0) return llmEvent(view, context, session, kind ?? '');
  return hasExit(context) ? output(view, context, session) : undefined;
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
      [PERMISSION_KINDS, LLM_ERROR_KINDS, RESULT_KINDS, CALL_KINDS, LLM_KINDS, OUTPUT_KINDS].some((of) => of.test(kind))
    )
      return kind;
  }
  return undefined;
}

function toolEvent(view: RecordView, context: Context, session: string, isResult: boolean): AiEvent {
  const call = callOf(context);
  if (!isResult && !hasOutcome(context)) return { type: 'tool_call', session, calls: [call] };
  const result = valueAt(context, TOOL_RESULT) ?? (isResult ? view.message : undefined);
  const error = wordAt(context, ERROR);
  const text = textIn(result) || error || '';
  const told = resultOutcome(result, text);
  const exitStatus = exitOf(context) ?? told.exitStatus;
  const isFailure = failureOf(view, context, error) ?? (exitStatus === undefined ? told.isFailure : exitStatus !== 0);
  const decision = wordAt(context, ['decision']);
  const isRefused =
    (decision !== undefined && isRefusal(decision)) || (isFailure === true && isRefusal(error ?? text.slice(0, 400)));
  return { type: 'tool_result', session, call, text, isFailure, exitStatus, isRefused };
}

function callOf(context: Context): ToolCall {
  const tool = nameOf(wordAt(context, TOOL) ?? 'tool');
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
  const decision = wordAt(context, ['decision', 'outcome', 'status', 'behavior']) ?? `${kind} ${view.message}`;
  const tool = wordAt(context, TOOL) ?? 'tool';
  return {
    type: 'permission',
    session,
    isRefused: isRefusal(decision),
    tool: nameOf(tool),
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

const STATUS = ['status_code', 'http.response.status_code', 'http.status_code', 'http_status_code', 'status'];

function llmError(view: RecordView, context: Context, session: string): AiEvent {
  const text = [wordAt(context, STATUS), ...ERROR.map((name) => wordAt(context, [name])), view.message]
    .filter((one) => one !== undefined)
    .join(' ')
    .slice(0, 4_000);
  return { type: 'llm_error', session, trouble: llmTroubleIn(text) ?? 'other', text };
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
  // Of a span that repeats what is below it, only the raw attributes are left.
  const isSpan = context['span_name'] !== undefined;
  const names = isSpan ? [INPUT_TOKENS.slice(0, 1), OUTPUT_TOKENS.slice(0, 1)] : [INPUT_TOKENS, OUTPUT_TOKENS];
  return names.reduce((sum, each) => sum + countAt(context, each), 0);
}

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
