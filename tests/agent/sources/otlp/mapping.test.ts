/* What becomes of log records, spans and data points: one table a rule. Requests are JSON; exporters.test.ts proves both encodings. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ArchivedRecord } from '../../../../src/contract/record.ts';
import { openLocalApi } from '../../../support/local-api.ts';
import { attribute, wire } from './wire.ts';

type Plain = string | number | boolean;
const otlpValue = (value: Plain) =>
  typeof value === 'string'
    ? { stringValue: value }
    : typeof value === 'boolean'
      ? { boolValue: value }
      : Number.isInteger(value)
        ? { intValue: String(value) }
        : { doubleValue: value };
const attributesOf = (values: Record<string, Plain>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: otlpValue(value) }));

const SHAPES = {
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const;

/** A local API to send items to, by signal; answers the records in the order in which they were stored. */
async function open(t: TestContext) {
  const { ask, buffer } = await openLocalApi(t);
  let seen = 0;
  return async (
    signal: keyof typeof SHAPES,
    items: readonly unknown[],
    resource: Record<string, Plain> = { 'service.name': 'GROK' },
  ): Promise<readonly ArchivedRecord[]> => {
    const [groups, scopes, list] = SHAPES[signal];
    const body = { [groups]: [{ resource: { attributes: attributesOf(resource) }, [scopes]: [{ [list]: items }] }] };
    const answer = await ask('POST', `/v1/${signal}`, JSON.stringify(body), { 'content-type': 'application/json' });
    assert.deepEqual([answer.status, answer.json()], [200, {}]);
    const records = (await buffer.recent({ limit: 1000 })).toReversed().slice(seen);
    seen += records.length;
    return records;
  };
}

test('severities become levels; without one the text decides, then the name of the event', async (t) => {
  const send = await open(t);
  const cases: [object, string][] = [
    ...[1, 4, 5, 8].map((n): [object, string] => [{ severityNumber: n }, 'DEBUG']),
    ...[9, 12].map((n): [object, string] => [{ severityNumber: n }, 'INFO']),
    ...[13, 16].map((n): [object, string] => [{ severityNumber: n }, 'WARN']),
    ...[17, 20].map((n): [object, string] => [{ severityNumber: n }, 'ERROR']),
    ...[21, 24].map((n): [object, string] => [{ severityNumber: n }, 'CRITICAL']),
    [{ severityNumber: 17, severityText: 'debug' }, 'ERROR'],
    [{ severityText: 'Warning' }, 'WARN'],
    [{ severityNumber: 0, severityText: 'fatal' }, 'CRITICAL'],
    [{ severityNumber: 99 }, 'INFO'],
    [{}, 'INFO'],
    [{ attributes: attributesOf({ 'event.name': 'api_error' }) }, 'ERROR'],
    [{ attributes: attributesOf({ 'event.name': 'terror' }) }, 'INFO'],
  ];

  const records = await send(
    'logs',
    cases.map(([log]) => log),
  );

  assert.deepEqual(
    records.map(({ level }) => level),
    cases.map(([, level]) => level),
  );
});

test('the AI agent and the action are named by the best name there is', async (t) => {
  const send = await open(t);
  const log = (attributes: Record<string, Plain>, more: object = {}) => ({
    attributes: attributesOf(attributes),
    ...more,
  });
  const named = { 'service.name': 'SERVICE', 'agent.name': 'RESOURCE' };

  const records = [
    ...(await send(
      'logs',
      [log({ 'gen_ai.agent.name': 'A', 'agent.name': 'B' }), log({ 'agent.name': 'B' }), log({})],
      named,
    )),
    ...(await send('logs', [
      log({ 'event.name': 'attribute', 'gen_ai.operation.name': 'chat' }, { eventName: 'field' }),
      log({ 'event.name': 'attribute', 'gen_ai.operation.name': 'chat' }),
      log({ 'gen_ai.operation.name': 'chat' }),
      log({}),
    ])),
  ];

  assert.deepEqual(
    records.map(({ agent_id, action }) => [agent_id, action]),
    [
      ['A', ''],
      ['B', ''],
      ['RESOURCE', ''],
      ['GROK', 'field'],
      ['GROK', 'attribute'],
      ['GROK', 'chat'],
      ['GROK', ''],
    ],
  );
});

test('times: its own, else when it was observed, else arrival; as digits or number', async (t) => {
  const send = await open(t);
  const before = Date.now();

  const records = await send('logs', [
    { timeUnixNano: '1767323045678999999', observedTimeUnixNano: '1' },
    { timeUnixNano: 1767323045678000000 },
    { timeUnixNano: '0', observedTimeUnixNano: '1767323045678000000' },
    { timeUnixNano: '18446744073709551615' },
    { timeUnixNano: '-1' },
    {},
  ]);

  const times = records.map(({ timestamp }) => timestamp);
  assert.deepEqual(times.slice(0, 3), Array(3).fill('2026-01-02T03:04:05.678Z'));
  assert.equal(times[3], '2554-07-21T23:34:33.709Z');
  for (const time of times.slice(4)) assert.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now(), time);
});

test('bodies of every kind become the message; without one the event does', async (t) => {
  const send = await open(t);

  const records = await send('logs', [
    { body: { stringValue: 'two\nlines' } },
    { body: { intValue: '7' } },
    {
      body: { kvlistValue: { values: [{ key: 'a', value: { arrayValue: { values: [{ doubleValue: 1.5 }, {}] } } }] } },
    },
    { body: { bytesValue: 'AAEC' } },
    { body: 'by hand' },
    { eventName: 'tick' },
    { attributes: attributesOf({ 'exception.message': 'boom' }) },
    {},
  ]);

  assert.deepEqual(
    records.map(({ message }) => message),
    ['two\nlines', '7', '{"a":[1.5,null]}', 'AAEC', 'by hand', 'tick', 'boom', ''],
  );
});

test('ids come as hex or base64, told apart by length; none is none', async (t) => {
  const send = await open(t);
  const trace = '5b8efff798038103d269b633813fc60c';
  const span = 'eee19b7ec3c1b174';
  const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

  const records = await send('logs', [
    { traceId: trace.toUpperCase(), spanId: span },
    { traceId: base64(trace), spanId: base64(span) },
    { traceId: '0'.repeat(32), spanId: '' },
    { traceId: 'x', spanId: 5 },
  ]);

  assert.deepEqual(
    records.map(({ context }) => [context['trace_id'], context['span_id']]),
    [
      [trace, span],
      [trace, span],
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
});

test('attributes keep their raw names and values, whatever they are called', async (t) => {
  const send = await open(t);

  const [record] = await send('logs', [
    {
      attributes: [
        ...attributesOf({ 'a.b': 'x', provider: 'raw', 'gen_ai.system': 'openai', scope: 's', __proto__x: 1 }),
        { key: '__proto__', value: { stringValue: 'data' } },
        { key: 'big', value: { intValue: '9223372036854775807' } },
        { key: 'small', value: { intValue: -5 } },
        { key: 'nan', value: { doubleValue: 'NaN' } },
        { key: 'list', value: { arrayValue: { values: [{ boolValue: false }, { stringValue: '' }] } } },
        { key: '', value: { stringValue: 'nameless' } },
      ],
      droppedAttributesCount: 2,
    },
  ]);

  const { resource, ...context } = record!.context;
  assert.deepEqual(
    JSON.stringify(context),
    JSON.stringify({
      provider: 'openai',
      dropped_attributes: 2,
      'a.b': 'x',
      _provider: 'raw',
      'gen_ai.system': 'openai',
      scope: 's',
      __proto__x: 1,
      ['__proto__']: 'data',
      big: '9223372036854775807',
      small: -5,
      nan: 'NaN',
      list: [false, ''],
    }),
  );
  assert.deepEqual(resource, { 'service.name': 'GROK' });
});

test('protobuf values: negative and 64-bit integers, doubles, bytes, unknown fields and resource behind its records', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const values: [string, Buffer][] = [
    ['minus', wire.varint(3, -5)],
    ['least', wire.varint(3, -(2n ** 63n))],
    ['most', wire.varint(3, 2n ** 63n - 1n)],
    ['exact', wire.varint(3, 2n ** 53n - 1n)],
    ['double', wire.double(4, -0.1)],
    ['infinite', wire.double(4, Number.POSITIVE_INFINITY)],
    ['bytes', wire.bytes(7, Buffer.from([0, 1, 2]))],
    ['empty', Buffer.alloc(0)],
    ['no', wire.varint(2, 0)],
  ];
  const record = Buffer.concat([
    wire.fixed64(1, 1_767_323_045_678_000_000n),
    wire.varint(2, 9),
    wire.varint(99, 1),
    wire.fixed32(8, 1),
    Buffer.from([0xa3, 0x06, 0x08, 0x01, 0xa4, 0x06]), // a group, field 100
    wire.varint(5, 1), // a body of the wrong wire type is an unknown field
    wire.message(5, wire.bytes(1, 'hello')),
    ...values.map(([key, value]) => attribute(6, key, value)),
    wire.bytes(9, Buffer.alloc(16, 0xab)),
  ]);
  const request = wire.message(
    1,
    wire.message(2, wire.bytes(2, record)),
    wire.message(1, attribute(1, 'service.name', wire.bytes(1, 'GROK'))),
  );

  const answer = await ask('POST', '/v1/logs', request, { 'content-type': 'application/x-protobuf' });

  assert.deepEqual([answer.status, answer.body.length], [200, 0]);
  const [stored] = await buffer.recent({ limit: 1 });
  const { resource: _, ...context } = stored!.context;
  assert.deepEqual(
    [stored!.agent_id, stored!.message, stored!.timestamp],
    ['GROK', 'hello', '2026-01-02T03:04:05.678Z'],
  );
  assert.deepEqual(context, {
    trace_id: 'ab'.repeat(16),
    minus: -5,
    least: '-9223372036854775808',
    most: '9223372036854775807',
    exact: 9007199254740991,
    double: -0.1,
    infinite: 'Infinity',
    bytes: 'AAEC',
    empty: null,
    no: false,
  });
});

test('the events of the coding agents: Claude Code, Codex, Gemini', async (t) => {
  const send = await open(t);
  const event = (body: string, attributes: Record<string, Plain>) => ({
    body: { stringValue: body },
    attributes: attributesOf(attributes),
  });

  const records = await send(
    'logs',
    [
      event('claude_code.api_request', {
        'event.name': 'api_request',
        'session.id': 's-1',
        model: 'claude-opus',
        input_tokens: '120',
        output_tokens: 30,
        cache_read_tokens: 4000,
        cache_creation_tokens: 50,
        cost_usd: 0.01,
      }),
      event('claude_code.tool_result', { 'event.name': 'tool_result', tool_name: 'Bash', success: 'true' }),
      event('', {
        'event.name': 'codex.sse_event',
        'conversation.id': 'c-1',
        input_token_count: 7,
        cached_token_count: 3,
      }),
      event('API response.', { 'event.name': 'gemini_cli.api_response', output_token_count: 9, function_name: 'ls' }),
    ],
    { 'service.name': 'claude-code' },
  );

  const columns = [
    'provider',
    'model',
    'input_tokens',
    'output_tokens',
    'cache_read_tokens',
    'cache_write_tokens',
    'session',
    'tool',
  ];
  assert.deepEqual(
    records.map(({ action, message, agent_id, context }) => [
      agent_id,
      action,
      message,
      Object.fromEntries(columns.filter((name) => name in context).map((name) => [name, context[name]])),
    ]),
    [
      [
        'claude-code',
        'api_request',
        'claude_code.api_request',
        {
          model: 'claude-opus',
          input_tokens: 120,
          output_tokens: 30,
          cache_read_tokens: 4000,
          cache_write_tokens: 50,
          session: 's-1',
        },
      ],
      ['claude-code', 'tool_result', 'claude_code.tool_result', { tool: 'Bash' }],
      ['claude-code', 'codex.sse_event', 'codex.sse_event', { input_tokens: 7, cache_read_tokens: 3, session: 'c-1' }],
      ['claude-code', 'gemini_cli.api_response', 'API response.', { output_tokens: 9, tool: 'ls' }],
    ],
  );
  assert.equal(records[0]!.context['cost_usd'], 0.01);
  assert.equal('_input_tokens' in records[0]!.context, false);
});

test('spans of each framework are known for AI work; tokens count on the calls of the model alone', async (t) => {
  const send = await open(t);
  const usage = { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 };
  const cases: [
    name: string,
    attributes: Record<string, Plain>,
    action: string | undefined,
    tokens: number | undefined,
  ][] = [
    ['chat gpt-4', { 'gen_ai.operation.name': 'chat', ...usage }, 'chat', 10],
    ['invoke_agent R', { 'gen_ai.operation.name': 'invoke_agent', ...usage }, 'invoke_agent', undefined],
    [
      'ai.generateText',
      { 'ai.operationId': 'ai.generateText', 'ai.usage.inputTokens': 10 },
      'ai.generateText',
      undefined,
    ],
    [
      'ai.generateText.doGenerate',
      { 'ai.operationId': 'ai.generateText.doGenerate', 'ai.usage.promptTokens': 10, 'ai.model.id': 'm' },
      'ai.generateText.doGenerate',
      10,
    ],
    ['ai.toolCall', { 'ai.toolCall.name': 'search' }, 'ai.toolCall', undefined],
    ['ChatOpenAI', { 'openinference.span.kind': 'LLM', 'llm.token_count.prompt': 10 }, 'llm', 10],
    ['agent', { 'openinference.span.kind': 'AGENT', 'llm.token_count.prompt': 10 }, 'agent', undefined],
    ['graph', { 'langsmith.span.kind': 'chain', 'gen_ai.usage.input_tokens': 10 }, 'chain', undefined],
    ['model', { 'langsmith.span.kind': 'llm', 'gen_ai.usage.input_tokens': 10 }, 'llm', 10],
    ['answer', { 'langfuse.observation.type': 'agent', 'gen_ai.usage.input_tokens': 10 }, 'agent', undefined],
    ['draft', { 'langfuse.observation.type': 'generation', 'gen_ai.usage.input_tokens': 10 }, 'generation', 10],
    ['joke.workflow', { 'traceloop.span.kind': 'workflow', 'gen_ai.usage.input_tokens': 10 }, 'workflow', undefined],
    ['claude_code.llm_request', { input_tokens: 10, model: 'm' }, 'claude_code.llm_request', 10],
    ['claude_code.interaction', { input_tokens: 10 }, 'claude_code.interaction', undefined],
    ['tools/call search', { 'mcp.method.name': 'tools/call' }, 'tools/call', undefined],
    ['GET /', { 'http.request.method': 'GET' }, undefined, undefined],
    ['air.traffic', { aim: 1 }, undefined, undefined],
  ];

  const records = await send(
    'traces',
    cases.map(([name, attributes]) => ({
      name,
      attributes: attributesOf(attributes),
      startTimeUnixNano: '1767323045000000000',
      endTimeUnixNano: '1767323046234567000',
      kind: 3,
    })),
  );

  assert.deepEqual(
    records.map(({ message, action, context }) => [message, action, context['input_tokens']]),
    cases.flatMap(([name, , action, tokens]) => (action === undefined ? [] : [[`${name} 1235 ms`, action, tokens]])),
  );
  assert.equal(records.find(({ action }) => action === 'claude_code.interaction')!.context['_input_tokens'], 10);
  assert.equal(records[0]!.context['duration_ms'], 1234.567);
  assert.equal(records[0]!.timestamp, '2026-01-02T03:04:06.234Z');
});

test('a failed span tells its error in message and context', async (t) => {
  const send = await open(t);
  const failed = (more: object) => ({ name: 'chat m', status: { code: 2 }, ...more });
  const exception = {
    name: 'exception',
    timeUnixNano: '1',
    attributes: attributesOf({ 'exception.type': 'TimeoutError' }),
  };

  const records = await send('traces', [
    failed({ status: { code: 2, message: 'rate limited' }, attributes: attributesOf({ 'error.type': '429' }) }),
    failed({ attributes: attributesOf({ 'error.type': '429' }) }),
    failed({ events: [exception] }),
    failed({ startTimeUnixNano: '2000000', endTimeUnixNano: '1000000' }),
  ]);

  assert.deepEqual(
    records.map(({ level, message, context }) => [level, message, context['error']]),
    [
      ['ERROR', 'chat m: rate limited', 'rate limited'],
      ['ERROR', 'chat m: 429', '429'],
      ['ERROR', 'chat m: TimeoutError', 'TimeoutError'],
      ['ERROR', 'chat m 0 ms: error', 'error'],
    ],
  );
});

test('a cumulative sum is told with its increase: over a restart of its sender, never twice, and not guessed', async (t) => {
  const send = await open(t);
  const now = BigInt(Date.now()) * 1_000_000n;
  const point = (asInt: number, startTimeUnixNano: bigint, type = 'input') => ({
    asInt: String(asInt),
    startTimeUnixNano: String(startTimeUnixNano),
    timeUnixNano: String(now),
    attributes: attributesOf({ type }),
  });
  const report = async (...dataPoints: object[]) =>
    (
      await send('metrics', [
        {
          name: 'claude_code.token.usage',
          unit: 'tokens',
          sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints },
        },
      ])
    ).map(({ message, context }) => [message, context['value'], context['delta']]);
  const old = now - 3_600_000_000_000n;
  const young = now + 1_000_000_000n;

  assert.deepEqual(await report(point(100, old)), [['claude_code.token.usage 100 tokens', 100, undefined]]);
  assert.deepEqual(await report(point(100, old)), []);
  assert.deepEqual(await report(point(130, old), point(4, young, 'output')), [
    ['claude_code.token.usage 30 tokens', 130, 30],
    ['claude_code.token.usage 4 tokens', 4, 4],
  ]);
  assert.deepEqual(await report(point(7, young)), [['claude_code.token.usage 7 tokens', 7, 7]]);
});

test('increases that were refused are told again when the request is repeated', async (t) => {
  let full = true;
  const { buffer } = await openLocalApi(t);
  const append: typeof buffer.append = (records, options) =>
    full ? Promise.reject(new Error('no space')) : buffer.append(records, options);
  const { ask } = await openLocalApi(t, {
    sink: Object.assign(Object.create(buffer), { append, recent: buffer.recent.bind(buffer) }),
  });
  const report = (asInt: number) =>
    ask(
      'POST',
      '/v1/metrics',
      JSON.stringify({
        resourceMetrics: [
          {
            scopeMetrics: [
              {
                metrics: [
                  {
                    name: 'claude_code.cost.usage',
                    sum: {
                      aggregationTemporality: 2,
                      dataPoints: [{ asDouble: asInt, startTimeUnixNano: '9'.repeat(18) }],
                    },
                  },
                ],
              },
            ],
          },
        ],
      }),
      { 'content-type': 'application/json' },
    );

  full = false;
  await report(1);
  full = true;
  assert.equal((await report(3)).status, 500);
  full = false;
  await report(3);

  const deltas = (await buffer.recent({ limit: 9 })).toReversed().map(({ context }) => context['delta'] ?? null);
  assert.deepEqual(deltas.at(-1), 2);
});

test('only metrics of AI usage are kept', async (t) => {
  const send = await open(t);
  const gauge = { dataPoints: [{ asDouble: 1.5 }] };

  const records = await send('metrics', [
    { name: 'gen_ai.client.inference.usage.input_tokens', gauge },
    { name: 'gen_ai.client.operation.duration', gauge },
    { name: 'claude_code.session.count', gauge },
    { name: 'process.memory.usage', gauge },
    { name: 'claude_code.nothing', gauge: { dataPoints: [{ flags: 1, asDouble: 0 }, {}] } },
    { name: 'claude_code.empty' },
  ]);

  assert.deepEqual(
    records.map(({ message }) => message),
    ['gen_ai.client.inference.usage.input_tokens 1.5', 'claude_code.session.count 1.5'],
  );
});

test('credentials in bodies, attributes and span events are replaced; counts and kinds of tokens are none', async (t) => {
  const send = await open(t);
  const key = `sk-ant-api03-${'aB3x9Zq7Lm2Kp'.repeat(7)}-AA`;
  const prompt = { name: 'prompt', attributes: attributesOf({ text: `use ${key}` }) };

  const [log] = await send('logs', [
    {
      body: { kvlistValue: { values: attributesOf({ text: `my key is ${key}` }) } },
      attributes: attributesOf({
        'gen_ai.tool.call.arguments': `{"key":"${key}"}`,
        'gen_ai.token.type': 'input',
        input_tokens: 5,
      }),
    },
  ]);
  const [span] = await send('traces', [
    { name: 'chat', attributes: attributesOf({ 'gen_ai.system': 'x' }), events: [prompt] },
  ]);

  assert.equal(JSON.stringify([log, span]).includes(key), false);
  assert.match(log!.message, /my key is \[redacted:/);
  assert.deepEqual([log!.context['gen_ai.token.type'], log!.context['input_tokens']], ['input', 5]);
});
