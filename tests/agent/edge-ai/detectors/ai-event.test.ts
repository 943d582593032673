import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type AiEvent, aiEventOf } from '../../../../src/agent/edge-ai/detectors/ai-event.ts';
import { type Item, readTranscript, recordOf, START, viewOf } from './transcripts.ts';

const eventOf = (item: Item): AiEvent | undefined => aiEventOf(viewOf(recordOf('GROK', item, START)));
const span = (name: string, attributes: Record<string, unknown>, error?: string): Item => ({
  span: { name, attributes, ...(error === undefined ? {} : { error }) },
});
const markIn = (item: Item): string | undefined => {
  const event = eventOf(item);
  if (event?.type === 'tool_call') return event.calls[0]?.mark;
  return event?.type === 'tool_result' ? event.call.mark : undefined;
};

test('the same call is the same in every dialect: OpenTelemetry, OpenInference, Vercel, Codex, Gemini, records and lines', () => {
  const args = { city: 'Haifa', unit: 'C' };
  const text = '{"unit": "C", "city": "Haifa"}';
  const items: readonly Item[] = [
    span('execute_tool get_weather', {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'get_weather',
      'gen_ai.tool.call.arguments': text,
    }),
    span('get_weather', { 'openinference.span.kind': 'TOOL', 'tool.name': 'get_weather', 'input.value': text }),
    span('ai.toolCall', {
      'ai.operationId': 'ai.toolCall',
      'ai.toolCall.name': 'get_weather',
      'ai.toolCall.args': text,
    }),
    {
      log: {
        attributes: { 'event.name': 'codex.tool_result', tool_name: 'get_weather', arguments: text, success: 'true' },
      },
    },
    {
      log: { attributes: { 'event.name': 'gemini_cli.tool_call', function_name: 'get_weather', function_args: text } },
    },
    {
      log: { attributes: { 'event.name': 'tool_result', tool_name: 'get_weather', tool_input: text, success: 'true' } },
    },
    { record: { message: 'm', action: 'tool_call', context: { tool: 'get_weather', arguments: args } } },
    { record: { message: 'm', context: { event: 'tool_use', tool: { name: 'get_weather' }, input: args } } },
    { record: { message: 'm', context: { tool_call: { name: 'get_weather', arguments: text } } } },
    span('get_weather', {
      'traceloop.span.kind': 'tool',
      'traceloop.entity.name': 'get_weather',
      'traceloop.entity.input': text,
    }),
    { line: `INFO Calling tool get_weather(${text})` },
    { line: `Invoking: \`get_weather\` with \`${text}\`` },
  ];

  const marks = items.map(markIn);

  assert.ok(marks[0] !== undefined);
  assert.deepEqual(new Set(marks), new Set([marks[0]]));
  assert.notEqual(markIn({ line: 'INFO Calling tool get_weather({"city": "Haifa", "unit": "F"})' }), marks[0]);
});

test('messages that are logged as they are, of OpenAI’s and of Anthropic’s form, are read by their roles', () => {
  const read = (context: Record<string, unknown>) => eventOf({ record: { message: 'message', context } });
  const asked = read({
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'search', arguments: '{"q":"x"}' } }],
  });
  const askedToo = read({
    role: 'assistant',
    content: [{ type: 'tool_use', id: 'c1', name: 'search', input: { q: 'x' } }],
  });

  assert.ok(asked?.type === 'llm_call' && askedToo?.type === 'llm_call');
  assert.deepEqual(
    asked.calls.map(({ mark, id }) => [mark, id]),
    askedToo.calls.map(({ mark, id }) => [mark, id]),
  );
  const given = read({ role: 'tool', tool_call_id: 'c1', content: 'nothing found' });
  assert.ok(given?.type === 'tool_result');
  assert.deepEqual([given.call, given.text, given.isFailure], [{ tool: 'tool', id: 'c1' }, 'nothing found', undefined]);
  const part = {
    type: 'tool_result',
    tool_use_id: 'c1',
    is_error: true,
    content: [{ type: 'text', text: 'no such file' }],
  };
  const failed = read({ role: 'user', content: [part] });
  assert.ok(failed?.type === 'tool_result');
  assert.deepEqual([failed.call.id, failed.text, failed.isFailure], ['c1', 'no such file', true]);
  assert.equal(read({ role: 'user', content: 'which tool is best?' }), undefined);
});

test('events of the older conventions, whose bodies are messages, count what is new in them', () => {
  const body = (name: string, message: object) =>
    eventOf({ log: { body: JSON.stringify(message), attributes: { 'event.name': name, 'gen_ai.system': 'openai' } } });
  const call = { id: 'c1', type: 'function', function: { name: 'search', arguments: '{"q":"x"}' } };

  const chosen = body('gen_ai.choice', { index: 0, message: { role: 'assistant', tool_calls: [call] } });
  const result = body('gen_ai.tool.message', { id: 'c1', content: 'nothing found' });
  const history = body('gen_ai.assistant.message', { role: 'assistant', tool_calls: [call] });

  assert.ok(chosen?.type === 'llm_call' && result?.type === 'tool_result');
  assert.deepEqual([chosen.calls[0]?.tool, chosen.calls[0]?.id, result.call.id], ['search', 'c1', 'c1']);
  assert.equal(result.text, 'nothing found');
  assert.equal(history, undefined);
});

test('arguments that nobody tells are not known: a tool’s name and parameters that only name it make no loop', () => {
  const claude = (parameters?: object): Item => ({
    log: {
      attributes: {
        'event.name': 'tool_result',
        tool_name: 'Bash',
        success: 'true',
        ...(parameters === undefined ? {} : { tool_parameters: JSON.stringify(parameters) }),
      },
    },
  });

  assert.equal(markIn(claude()), undefined);
  assert.equal(markIn(claude({ bash_command: 'npm', description: 'Run the tests' })), undefined);
  assert.ok(markIn(claude({ bash_command: 'npm', full_command: 'npm test' })));
});

test('how a tool ended is read from flags, exit statuses, results and levels', () => {
  const ended = (context: Record<string, unknown>, level = 'INFO') => {
    const event = eventOf({
      record: { level, action: 'tool_result', message: 'tool', context: { tool: 'shell', ...context } },
    });
    return event?.type === 'tool_result' ? [event.isFailure, event.exitStatus] : undefined;
  };

  assert.deepEqual(ended({ success: true, output: 'ok' }), [false, undefined]);
  assert.deepEqual(ended({ success: 'false' }), [true, undefined]);
  assert.deepEqual(ended({ is_error: true, output: 'x' }), [true, undefined]);
  assert.deepEqual(ended({ exit_code: 2 }), [true, 2]);
  assert.deepEqual(ended({ exit_code: 0, output: 'error: none' }), [false, 0]);
  assert.deepEqual(ended({ output: 'Exit code 127\nsh: foo: not found' }), [true, 127]);
  assert.deepEqual(ended({ result: { exitCode: 3, stdout: '' } }), [true, 3]);
  assert.deepEqual(ended({ result: '{"error":{"code":"ENOENT"}}' }), [true, undefined]);
  assert.deepEqual(ended({ error: 'no such file' }), [true, undefined]);
  assert.deepEqual(ended({ output: 'x' }, 'ERROR'), [true, undefined]);
  assert.deepEqual(ended({ output: 'a log that says\nprocess exited with code 1' }), [undefined, undefined]);
});

test('refused permissions, limits and retries are told from lines that only speak of them', () => {
  const typeOf = (line: string) => {
    const event = eventOf({ line });
    return event?.type === 'llm_error' ? event.trouble : event?.type;
  };

  assert.equal(typeOf('WARN Permission denied for tool Bash'), 'permission');
  assert.equal(typeOf('Tool call write_file was rejected by the user'), 'permission');
  assert.equal(typeOf('ההרשאה נדחתה עבור הכלי write_file'), 'permission');
  assert.equal(
    eventOf({ record: { level: 'ERROR', message: "PermissionError: [Errno 13] Permission denied: '/etc/x'" } })?.type,
    'permission',
  );
  assert.equal(typeOf('sshd: Failed password for root: Permission denied (publickey)'), undefined);
  assert.equal(typeOf('openai.RateLimitError: Error code: 429 - Rate limit reached for gpt-5'), 'rate_limit');
  assert.equal(typeOf('anthropic: rate_limit_error: this request would exceed your rate limit'), 'rate_limit');
  assert.equal(typeOf('INFO rate limit: 4999 requests remaining, resets in 30 s'), undefined);
  assert.equal(typeOf('"GET /v1/items HTTP/1.1" 429 19'), undefined);
  assert.equal(typeOf("This model's maximum context length is 8192 tokens"), 'context_length');
  assert.equal(typeOf('prompt is too long: 204012 tokens > 200000 maximum'), 'context_length');
  assert.equal(typeOf('ValueError: the file name is too long'), undefined);
  assert.equal(typeOf('attempt 3 of the API call failed, retrying'), 'retry');
  assert.equal(typeOf('Container attempt_1445 started'), undefined);
});

test('tokens are counted at the leaves, whoever names them', () => {
  const tokens = (item: Item) => {
    const event = eventOf(item);
    return event?.type === 'llm_call' ? event.tokens : undefined;
  };

  assert.equal(
    tokens(
      span('chat m', {
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.usage.output_tokens': 2,
      }),
    ),
    9,
  );
  assert.equal(
    tokens(
      span('llm', { 'openinference.span.kind': 'LLM', 'llm.token_count.prompt': 5, 'llm.token_count.completion': 1 }),
    ),
    6,
  );
  assert.equal(
    tokens({ log: { attributes: { 'event.name': 'api_request', input_tokens: '11', output_tokens: 4 } } }),
    15,
  );
  assert.equal(
    tokens({ record: { message: 'm', context: { 'gen_ai.usage.input_tokens': 3, output_tokens: 'many' } } }),
    3,
  );
  assert.equal(tokens(span('agent', { 'openinference.span.kind': 'AGENT', 'llm.token_count.prompt': 5 })), undefined);
  assert.equal(
    tokens({ record: { message: 'm', context: { metric: 'x', metric_kind: 'sum', input_tokens: 3 } } }),
    undefined,
  );
  assert.equal(tokens({ record: { message: 'm', context: { input_tokens: -5, output_tokens: 1e300 } } }), undefined);
});

test('API errors, chats and approvals of programs that have no model tell nothing', () => {
  const read = (action: string, context: object, level = 'ERROR') =>
    eventOf({ record: { level, action, message: 'too many of them were rejected', context } })?.type;

  assert.equal(read('api_error', { path: '/orders', status: 500 }), undefined);
  assert.equal(read('chat', { room: 7, error: 'gone' }), undefined);
  assert.equal(read('approval', { status: 'rejected', employee: 12 }), undefined);
  assert.equal(read('api_error', { model: 'gpt-5', status: 500 }), 'llm_error');
  assert.equal(read('approval', { status: 'rejected', tool: 'Bash' }), 'permission');
});

test('the glance that spares most records the reading passes over nothing that transcripts tell', () => {
  const folder = path.resolve(import.meta.dirname, '../../../fixtures/transcripts');
  for (const file of readdirSync(folder))
    for (const { record } of readTranscript(file.replace(/\.ndjson$/, ''))) {
      const read = aiEventOf(viewOf(record), true);
      // What is nothing but a claim is left for those who wait for one.
      if (read !== undefined && !(read.type === 'output' && read.isFailure === undefined))
        assert.deepEqual(aiEventOf(viewOf(record)), read, record.json);
    }
});

test('ordinary records tell nothing', () => {
  for (const line of [
    '',
    'GET /health 200',
    'disk is full',
    'שלום עולם',
    '{"message":"user signed in","user":7}',
    '\u0000\ud800',
  ])
    assert.equal(eventOf({ line }), undefined, line);
});
