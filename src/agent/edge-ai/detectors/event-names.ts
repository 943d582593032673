/*
 * The same fact has another name in every framework; its names stand here, best first, as in
 * `sources/otlp/normalise.ts`, whose columns come first of all. A name with dots is one key, as OpenTelemetry has them.
 */

export const TOOL = [
  'tool',
  'gen_ai.tool.name',
  'tool.name',
  'tool_name',
  'ai.toolCall.name',
  'function_name',
  'toolName',
];
export const TOOL_ARGUMENTS = [
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
  'traceloop.entity.input',
  'langfuse.observation.input',
  'input',
];
export const TOOL_RESULT = [
  'gen_ai.tool.call.result',
  'gen_ai.retrieval.documents',
  'ai.toolCall.result',
  'ai.toolCall.output',
  'tool_output',
  'tool_result',
  'tool_response',
  'function_response',
  'output.value',
  'traceloop.entity.output',
  'langfuse.observation.output',
  'output',
  'result',
  'documents',
  'observation',
];
export const CALL_ID = [
  'gen_ai.tool.call.id',
  'ai.toolCall.id',
  'tool_call_id',
  'tool_use_id',
  'call_id',
  'tool_call.id',
];
export const SESSION = [
  'session',
  'gen_ai.conversation.id',
  'session.id',
  'conversation.id',
  'session_id',
  'conversation_id',
  'thread_id',
];
export const ERROR = [
  'error',
  'error.message',
  'error_message',
  'exception.message',
  'error.type',
  'error_type',
  'exception.type',
];
export const EXIT = ['exit_code', 'exitCode', 'exit_status', 'exitStatus', 'returncode', 'return_code'];
export const MODEL = ['model', 'gen_ai.response.model', 'gen_ai.request.model', 'llm.model_name', 'ai.model.id'];
export const RESPONSE_ID = ['gen_ai.response.id', 'ai.response.id', 'request_id', 'requestId'];
export const OUTPUT = [
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
export const STATUS = ['status_code', 'http.response.status_code', 'http.status_code', 'http_status_code', 'status'];
/** In OpenTelemetry's columns the first ones stand for all others; elsewhere whichever there is. */
export const INPUT_TOKENS = [
  'input_tokens',
  'gen_ai.usage.input_tokens',
  'prompt_tokens',
  'llm.token_count.prompt',
  'inputTokens',
];
export const OUTPUT_TOKENS = [
  'output_tokens',
  'gen_ai.usage.output_tokens',
  'completion_tokens',
  'llm.token_count.completion',
  'outputTokens',
];

/** Of the call alone, in US dollars; what sums up a whole run is none of these. */
export const COST = [
  'cost_usd',
  'gen_ai.usage.cost',
  'gen_ai.usage.cost_usd',
  'llm.cost.total',
  'llm.usage.total_cost',
];
/** A span's own, or the one that a log was written within. */
export const SPAN = ['span_id', 'spanId'];

/** What an event is called, without the product's name before it. */
export const CALL_KINDS =
  /^(?:tool_?call|tool_?use|function_?call|execute_tool|tool_?start|call_tool|tools\/call|tool|ai\.toolcall)$/;
export const RESULT_KINDS =
  /^(?:tool_?(?:call_)?(?:result|output|response|end|error|failed)|function_?(?:result|response)|observation|retrieval|retriever)$/;
export const LEGACY_KINDS = /^(?:choice|tool\.message)$/;
export const PERMISSION_KINDS =
  /^(?:tool_?decision|permission(?:_?(?:request|decision|denied|refused))?|approval(?:_?(?:request|decision|denied))?)$/;
export const LLM_ERROR_KINDS =
  /^(?:api_error|llm_error|model_error|client\.operation\.exception|api_retries_exhausted)$/;
export const LLM_KINDS =
  /^(?:api_re(?:quest|sponse)|chat|generate_content|text_completion|llm(?:_re(?:quest|sponse)|_call)?|completion|generation|sse_event|embeddings?|client\.inference\.operation\.details|ai\.\w+\.do\w+)$/;
export const OUTPUT_KINDS =
  /^(?:assistant(?:_?(?:response|message))?|agent_?(?:response|message|output)|final_?(?:answer|output|response)|invoke_agent|agent|task_?(?:complete[d]?|finished|result)|result|output|answer)$/;
export const PREFIX = /^(?:claude_code|codex|gemini_cli|gen_ai)[._]/;
/** Operations around calls of a model, which repeat their tokens. */
export const GATHERING = /^(?:invoke_agent|create_agent|invoke_workflow|execute_tool|agent|chain|workflow)$/;
/** Of a tool's parameters these say which one it was, not what it was given: Claude Code tells no more unless it is asked to. */
export const NAMING_PARAMETERS = new Set([
  'mcp_server_name',
  'mcp_tool_name',
  'skill_name',
  'subagent_type',
  'bash_command',
  'description',
  'timeout',
]);
