import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { AiWorkTally } from '../../../src/agent/edge-ai/ai-work-tally.ts';
import { aiEventOf } from '../../../src/agent/edge-ai/detectors/index.ts';
import type { AiWorkCount } from '../../../src/contract/triage.ts';
import { type Item, readTranscript, recordOf, START, viewOf } from './detectors/transcripts.ts';

const HOUR_MS = 3_600_000;

function show(tally: AiWorkTally, items: readonly Item[], now = START, agent = 'GROK'): void {
  const records = items.map((item) => recordOf(agent, item, now));
  tally.count(
    records,
    records.map((record) => aiEventOf(viewOf(record)) ?? null),
    now,
  );
}

function countOf(...items: readonly Item[]): AiWorkCount[] {
  const tally = new AiWorkTally();
  show(tally, items);
  return tally.take();
}

const sums = (counts: readonly AiWorkCount[]) =>
  counts.map((one) => [one.model, one.calls, one.failed_calls, one.input_tokens, one.output_tokens]);
const tools = (counts: readonly AiWorkCount[]) => counts.map((one) => [one.tool_calls, one.tool_failures]);

const SPAN = 'aaaaaaaaaaaaaaaa';
const chat = (attributes: Record<string, unknown> = {}, spanId?: string): Item => ({
  span: {
    name: 'chat gpt-5',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      ...attributes,
    },
    ...(spanId === undefined ? {} : { spanId }),
  },
});
const log = (attributes: Record<string, unknown>, spanId?: string): Item => ({
  log: { attributes, ...(spanId === undefined ? {} : { spanId }) },
});

test('a call counts with its model, tokens and cost, whoever tells it', () => {
  const dialects: readonly Item[] = [
    chat(),
    log({
      'event.name': 'gen_ai.client.inference.operation.details',
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
    }),
    log({ 'event.name': 'claude_code.api_request', model: 'gpt-5', input_tokens: '100', output_tokens: '20' }),
    { record: { message: 'm', context: { model: 'gpt-5', prompt_tokens: 100, completion_tokens: 20 } } },
    { record: { message: 'm', context: { model: 'gpt-5', usage: { input_tokens: 100, output_tokens: 20 } } } },
    {
      record: {
        message: 'm',
        context: {
          'gen_ai.request.model': 'gpt-5',
          'gen_ai.usage.input_tokens': 100,
          'gen_ai.usage.output_tokens': 20,
        },
      },
    },
  ];

  for (const item of dialects) assert.deepEqual(sums(countOf(item)), [['gpt-5', 1, 0, 100, 20]], JSON.stringify(item));
  const [costed] = countOf(
    log({ 'event.name': 'claude_code.api_request', model: 'opus', input_tokens: 5, cost_usd: 0.25 }),
    chat({ 'gen_ai.request.model': 'opus' }),
  );
  assert.deepEqual(
    [costed!.cost_usd, costed!.costed_calls, costed!.uncosted_input_tokens, costed!.uncosted_output_tokens],
    [0.25, 1, 100, 20],
  );
});

test('a span, a log and a line of the same call are one call', () => {
  const detail = {
    'event.name': 'gen_ai.client.inference.operation.details',
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 20,
    'gen_ai.request.model': 'gpt-5',
  };
  const named = { ...detail, 'gen_ai.response.id': 'resp_1' };
  const one = [['gpt-5', 1, 0, 100, 20]];

  assert.deepEqual(sums(countOf(log(named), chat({ 'gen_ai.response.id': 'resp_1' }))), one, 'by id');
  assert.deepEqual(sums(countOf(log(detail, SPAN), chat({}, SPAN))), one, 'a log, then its span');
  assert.deepEqual(sums(countOf(chat({}, SPAN), log(detail, SPAN))), one, 'a span, then its log');
  assert.deepEqual(
    sums(countOf(log(detail, SPAN), chat({ 'gen_ai.response.id': 'resp_1' }, SPAN))),
    one,
    'only the span has an id',
  );
  assert.deepEqual(sums(countOf(log(named, SPAN), chat({}, SPAN))), one, 'only the log has one');
  const line: Item = { line: 'INFO gpt-5 answered: 100 prompt tokens, 20 completion tokens' };
  const agent: Item = {
    span: {
      name: 'invoke_agent',
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 20,
      },
    },
  };
  const choice = log({ 'event.name': 'gen_ai.choice', 'gen_ai.system': 'openai' });
  assert.deepEqual(sums(countOf(chat(), line, agent, choice)), one, 'what speaks of it, and what gathers it');
});

test('calls that only look alike are several', () => {
  const request = { 'event.name': 'claude_code.api_request', model: 'opus', input_tokens: 10, output_tokens: 1 };

  assert.deepEqual(sums(countOf(log(request, SPAN), log(request, SPAN))), [['opus', 2, 0, 20, 2]]);
  assert.deepEqual(
    sums(countOf(log({ ...request, request_id: 'a' }, SPAN), log({ ...request, request_id: 'b' }, SPAN))),
    [['opus', 2, 0, 20, 2]],
  );
  assert.deepEqual(sums(countOf(chat(), chat())), [['gpt-5', 2, 0, 200, 40]]);
});

test('a call that failed counts as failed, once, and a line that speaks of a limit is none', () => {
  const failed: Item = {
    span: {
      name: 'chat gpt-5',
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-5', 'error.type': '429' },
      error: 'rate limited',
      spanId: SPAN,
    },
  };
  const error = log(
    { 'event.name': 'claude_code.api_error', model: 'gpt-5', error: 'rate limited', status_code: 429 },
    SPAN,
  );

  assert.deepEqual(sums(countOf(failed, error, { line: 'ERROR rate limit exceeded for model gpt-5' })), [
    ['gpt-5', 1, 1, 0, 0],
  ]);
});

test('tools count once each with their failures, and to the model that was used last', () => {
  const call = (id?: string): Item => ({
    record: {
      message: 'm',
      action: 'tool_call',
      context: { tool: 'search', arguments: { q: 1 }, ...(id === undefined ? {} : { call_id: id }) },
    },
  });
  const end = (success: boolean, id?: string): Item => ({
    record: {
      message: 'm',
      action: 'tool_result',
      context: { tool: 'search', success, ...(id === undefined ? {} : { call_id: id }) },
    },
  });
  const span = (id: string, error?: string): Item => ({
    span: {
      name: 'execute_tool search',
      attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', 'gen_ai.tool.call.id': id },
      ...(error === undefined ? {} : { error }),
    },
  });

  assert.deepEqual(tools(countOf(call('1'), end(false, '1'), span('1', 'failed'))), [[1, 1]]);
  assert.deepEqual(tools(countOf(call(), end(false), call(), end(true))), [[2, 1]]);
  assert.deepEqual(tools(countOf(end(true), end(true))), [[2, 0]]);
  assert.deepEqual(tools(countOf(call(), call())), [[2, 0]]);
  assert.deepEqual(
    countOf(chat(), end(true)).map((one) => [one.model, one.calls, one.tool_calls]),
    [['gpt-5', 1, 1]],
  );
  assert.deepEqual(tools(countOf({ line: 'INFO Calling tool search({"q": 1})' })), []);
});

test('metrics of the same calls are left out', () => {
  const metric: Item = {
    record: {
      message: 'gen_ai.client.token.usage',
      context: {
        metric: 'gen_ai.client.token.usage',
        metric_kind: 'histogram',
        'gen_ai.request.model': 'gpt-5',
        input_tokens: 5,
      },
    },
  };

  assert.deepEqual(countOf(metric), []);
});

test('counts are by the hour, and taking them begins anew; what was told before is still known', () => {
  const tally = new AiWorkTally();
  show(tally, [chat({ 'gen_ai.response.id': 'a' })], START);
  show(tally, [chat({ 'gen_ai.response.id': 'b' })], START + HOUR_MS);

  const first = tally.take();
  show(tally, [chat({ 'gen_ai.response.id': 'b' })], START + HOUR_MS + 1);

  assert.deepEqual(
    first.map(({ day, hour, calls }) => [day, hour, calls]),
    [
      ['2026-03-02', 8, 1],
      ['2026-03-02', 9, 1],
    ],
  );
  assert.deepEqual([tally.take(), tally.isEmpty], [[], true]);
});

test('names and numbers that are nobody’s are bounded', () => {
  const tally = new AiWorkTally();
  show(tally, [chat({ 'gen_ai.request.model': ` \u202egpt\n5\u0000${'x'.repeat(5_000)}` })]);
  show(tally, [
    chat({ 'gen_ai.request.model': 'm', 'gen_ai.usage.input_tokens': 1e300, 'gen_ai.usage.output_tokens': -5 }),
  ]);
  const [one] = tally.take();
  assert.match(one!.model!, /^gpt 5 x{94}$/);

  show(
    tally,
    Array.from({ length: 200 }, (_, n) => chat({ 'gen_ai.request.model': `made-up-${n}` })),
  );
  const made = tally.take();
  assert.equal(made.length, 21);
  assert.equal(
    made.reduce((sum, { calls }) => sum + calls, 0),
    200,
  );

  for (let n = 0; n < 3_000; n++) show(tally, [chat()], START + n * HOUR_MS);
  const hours = tally.take();
  assert.equal(hours.length, 1_000);
  assert.equal(
    hours.reduce((sum, { calls }) => sum + calls, 0),
    3_000,
  );
  assert.equal(tally.uncounted, 0);
});

test('a morning of Claude Code, and sixty conversations of a service, add up to what their items say', () => {
  const itemsOf = (name: string) =>
    readFileSync(path.resolve(import.meta.dirname, `../../fixtures/transcripts/${name}.ndjson`), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as Item);
  const tallied = (name: string) => {
    const tally = new AiWorkTally();
    for (const { record, now } of readTranscript(name)) tally.count([record], [aiEventOf(viewOf(record)) ?? null], now);
    return tally.take();
  };
  const claude = itemsOf('healthy-coding-session').flatMap(({ log: one }) =>
    one === undefined ? [] : [one.attributes],
  );
  const named = (name: string) => claude.filter((one) => one['event.name'] === name);
  const sum = (list: readonly Record<string, unknown>[], key: string) =>
    list.reduce((total, one) => total + Number(one[key] ?? 0), 0);
  const support = itemsOf('healthy-support-service').flatMap(({ span }) =>
    span === undefined ? [] : [span.attributes],
  );
  const doing = (operation: string) => support.filter((one) => one['gen_ai.operation.name'] === operation);

  const [coding] = tallied('healthy-coding-session');
  const [service] = tallied('healthy-support-service');

  const requests = named('api_request');
  assert.deepEqual(
    [coding!.calls, coding!.failed_calls, coding!.input_tokens, coding!.cost_usd, coding!.tool_calls],
    [
      requests.length + named('api_error').length,
      named('api_error').length,
      sum(requests, 'input_tokens'),
      Number(sum(requests, 'cost_usd').toFixed(9)),
      named('tool_result').length,
    ],
  );
  assert.deepEqual(
    [service!.calls, service!.output_tokens, service!.tool_calls],
    [doing('chat').length, sum(doing('chat'), 'gen_ai.usage.output_tokens'), doing('execute_tool').length],
  );
});
