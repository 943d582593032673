import type { AiEvent, ToolCall } from './ai-event.ts';
import { markOf, nameOf, shown } from './marks.ts';

/*
 * Messages as models get and give them: OpenTelemetry's parts (`{role, parts: [{type, …}]}`), OpenAI's and Anthropic's (`content`,
 * `tool_calls`), as values or as JSON in a text.
 */

type Group = Readonly<Record<string, unknown>>;

const TEXT_LENGTH_MAX = 65_536;
const PARTS_MAX = 200;
const DEPTH_MAX = 8;
const CALLS_MAX = 16;

/** A message that was logged as it is, by its role; `undefined`: it is a person's. */
export function readMessage(message: Group, role: string, session: string, tokens: number): AiEvent | undefined {
  const results = partsOf(message).filter(isResult);
  if (role === 'tool' || role === 'function' || results.length > 0) {
    const { name } = message;
    const id = message['tool_call_id'] ?? results[0]?.['tool_use_id'] ?? results[0]?.['id'];
    const isFailure = [message, ...results].some((one) => one['is_error'] === true) ? true : undefined;
    const tool = typeof name === 'string' && name !== '' ? nameOf(name) : 'tool';
    const call = { tool, id: typeof id === 'string' ? id : undefined };
    return { type: 'tool_result', session, call, text: lastResultsIn([{ ...message, role: 'tool' }]), isFailure };
  }
  if (role !== 'assistant' && role !== 'model') return undefined;
  const text = textIn(message['content'] ?? message['parts']);
  return { type: 'llm_call', session, tokens, calls: callsIn([message]), text, given: '' };
}

/** All text in a value: messages, parts, documents, lists of them. Cut. */
export function textIn(value: unknown): string {
  if (typeof value === 'string') {
    const parsed = parse(value);
    return cut(parsed === undefined ? value : gather(parsed) || value);
  }
  return cut(gather(value));
}

/** Of what is longer, beginning and end: both may matter. */
function cut(text: string): string {
  if (text.length <= TEXT_LENGTH_MAX) return text;
  return `${text.slice(0, TEXT_LENGTH_MAX / 2)}\n${text.slice(-TEXT_LENGTH_MAX / 2)}`;
}

/** The tool calls that a model's answer asks for. */
export function callsIn(value: unknown): readonly ToolCall[] {
  const calls: ToolCall[] = [];
  for (const message of messagesOf(value).slice(0, PARTS_MAX)) {
    for (const part of partsOf(message)) {
      if (part['type'] !== 'tool_call' && part['type'] !== 'tool_use') continue;
      push(calls, part['name'], part['id'], part['arguments'] ?? part['input']);
    }
    for (const each of listOf(message['tool_calls'])) {
      const called = isGroup(each['function']) ? each['function'] : each;
      push(calls, called['name'], each['id'], called['arguments'] ?? called['args']);
    }
  }
  return calls;
}

/** What tools gave back since the model spoke last: further back it was seen before. */
export function lastResultsIn(value: unknown): string {
  const texts: string[] = [];
  for (const message of messagesOf(value).slice(-PARTS_MAX).reverse()) {
    const results = partsOf(message).filter(isResult);
    if (results.length === 0 && message['role'] !== 'tool') break;
    const found = results.length > 0 ? results : [message];
    texts.push(...found.map((part) => textIn(part['response'] ?? part['result'] ?? part['content'])));
  }
  return cut(texts.join('\n'));
}

function isResult({ type }: Group): boolean {
  return type === 'tool_call_response' || type === 'tool_result';
}

function push(calls: ToolCall[], name: unknown, id: unknown, args: unknown): void {
  if (typeof name !== 'string' || name === '' || calls.length >= CALLS_MAX) return;
  const tool = nameOf(name);
  calls.push({ tool, id: typeof id === 'string' ? id : undefined, mark: markOf(tool, args ?? {}), shown: shown(args) });
}

function messagesOf(value: unknown): readonly Group[] {
  const given = typeof value === 'string' ? parse(value) : value;
  return Array.isArray(given) ? given.filter(isGroup) : isGroup(given) ? [given] : [];
}

function partsOf(message: Group): readonly Group[] {
  return [...listOf(message['parts']), ...listOf(message['content'])];
}

function listOf(value: unknown): readonly Group[] {
  return Array.isArray(value) ? value.slice(0, PARTS_MAX).filter(isGroup) : [];
}

/** Where the text of a message or document stands, in whichever of the forms. */
const TEXT_KEYS = [
  'text',
  'content',
  'parts',
  'message',
  'output',
  'result',
  'response',
  'stdout',
  'stderr',
  'page_content',
];

function gather(value: unknown): string {
  const texts: string[] = [];
  let length = 0;
  const walk = (inner: unknown, depth: number): void => {
    if (length > TEXT_LENGTH_MAX || depth > DEPTH_MAX) return;
    if (typeof inner === 'string') {
      texts.push(inner);
      length += inner.length;
    } else if (typeof inner === 'number' || typeof inner === 'boolean') texts.push(String(inner));
    else if (Array.isArray(inner)) for (const each of inner.slice(0, PARTS_MAX)) walk(each, depth + 1);
    else if (isGroup(inner)) {
      const known = TEXT_KEYS.filter((key) => Object.hasOwn(inner, key));
      // Of results in a form of their own, whatever is text in them.
      for (const key of known.length > 0 ? known : Object.keys(inner).slice(0, PARTS_MAX)) walk(inner[key], depth + 1);
    }
  };
  walk(value, 0);
  return texts.join('\n');
}

function parse(text: string): unknown {
  if (!/^\s{0,8}[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
