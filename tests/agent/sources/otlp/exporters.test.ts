/*
 * The official OpenTelemetry exporters against a real local API over a real buffer: what their users send is what is found in the
 * buffer, in both encodings, compressed and not.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Attributes, SeverityNumber, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter as JsonMetrics,
} from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { AgentId } from '../../../../src/contract/ids.ts';
import type { ArchivedRecord } from '../../../../src/contract/record.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { openLocalApi } from '../../../support/local-api.ts';

const resource = (attributes: Attributes = {}) =>
  resourceFromAttributes({ 'service.name': 'GROK', 'service.version': '1.2.3', ...attributes });
const EXPORTERS = [
  { encoding: 'json', Logs: JsonLogs, Traces: JsonTraces, Metrics: JsonMetrics },
  { encoding: 'protobuf', Logs: ProtoLogs, Traces: ProtoTraces, Metrics: ProtoMetrics },
] as const;

/** Exporter options: this agent, gzip or not. The type of `compression` is an enum that isn't exported everywhere. */
function options(url: string, path: string, gzip: boolean) {
  return { url: `${url}${path}`, compression: (gzip ? 'gzip' : 'none') as never, timeoutMillis: 5_000 };
}

async function open(t: TestContext) {
  const opened = await openLocalApi(t);
  const recent = async (): Promise<readonly ArchivedRecord[]> =>
    (await opened.buffer.recent({ limit: 1000 })).toReversed();
  return { ...opened, recent };
}

for (const { encoding, Logs, Traces, Metrics } of EXPORTERS)
  for (const gzip of [false, true]) {
    const how = `${encoding}${gzip ? ', gzip' : ''}`;

    test(`log records of the official SDK become records (${how})`, async (t) => {
      const { api, recent, registry } = await open(t);
      const exporter = new Logs(options(api.url, '/v1/logs', gzip));
      const provider = new LoggerProvider({
        resource: resource(),
        processors: [new BatchLogRecordProcessor({ exporter })],
      });
      const logger = provider.getLogger('planner', '0.9');

      logger.emit({
        timestamp: new Date('2026-01-02T03:04:05.678Z'),
        severityNumber: SeverityNumber.WARN,
        body: 'quota is low, שלום',
        attributes: { 'event.name': 'quota', left: 3, ratio: 0.25, tags: ['a', 'b'], ok: true },
      });
      logger.emit({
        eventName: 'gen_ai.client.inference.operation.details',
        severityNumber: SeverityNumber.FATAL,
        body: { why: 'out of memory', nested: { list: [1, null, 'x'] } },
        attributes: { 'gen_ai.agent.name': 'REVIEWER', 'gen_ai.request.model': 'gpt-4' },
      });
      for (let n = 0; n < 700; n++) logger.emit({ body: `line ${n}`, severityNumber: SeverityNumber.DEBUG });
      await provider.shutdown();

      const [first, second, ...rest] = await recent();
      assert.deepEqual(
        [first!.timestamp, first!.level, first!.agent_id, first!.action, first!.message],
        ['2026-01-02T03:04:05.678Z', 'WARN', 'GROK', 'quota', 'quota is low, שלום'],
      );
      const { resource: sender, ...context } = first!.context;
      assert.deepEqual(context, {
        'event.name': 'quota',
        left: 3,
        ratio: 0.25,
        tags: ['a', 'b'],
        ok: true,
        scope: 'planner',
        scope_version: '0.9',
      });
      assert.equal((sender as Attributes)['service.version'], '1.2.3');
      assert.deepEqual(
        [second!.level, second!.agent_id, second!.action, JSON.parse(second!.message)],
        [
          'CRITICAL',
          'REVIEWER',
          'gen_ai.client.inference.operation.details',
          { why: 'out of memory', nested: { list: [1, null, 'x'] } },
        ],
      );
      assert.equal(second!.context['model'], 'gpt-4');
      assert.deepEqual(
        rest.map(({ message, level }) => `${level} ${message}`),
        Array.from({ length: 700 }, (_, n) => `DEBUG line ${n}`),
      );
      assert.equal(registry.totals.DEBUG, 700);
      assert.equal(registry.get('REVIEWER' as AgentId)?.lastAction, 'gen_ai.client.inference.operation.details');
    });

    test(`spans of AI work and failed spans become records at their end, others are counted (${how})`, async (t) => {
      const { api, ask, recent } = await open(t);
      const exporter = new Traces(options(api.url, '/v1/traces', gzip));
      const provider = new TracerProvider({
        resource: resource(),
        spanProcessors: [new BatchSpanProcessor({ exporter })],
      });
      const tracer = provider.getTracer('agents');
      const at = Date.parse('2026-01-02T03:04:05.000Z');

      const chat = tracer.startSpan('chat gpt-4', {
        kind: SpanKind.CLIENT,
        startTime: at,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'openai',
          'gen_ai.request.model': 'gpt-4',
          'gen_ai.response.model': 'gpt-4-0613',
          'gen_ai.usage.input_tokens': 100,
          'gen_ai.usage.output_tokens': 20,
          'gen_ai.usage.cache_read.input_tokens': 80,
          'gen_ai.conversation.id': 'conv-1',
        },
      });
      chat.end(at + 1234);
      tracer.startSpan('GET /health', { startTime: at }).end(at + 5);
      const tool = tracer.startSpan('execute_tool search', {
        startTime: at,
        attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' },
      });
      tool.recordException(new TypeError('no index'), at + 1);
      tool.setStatus({ code: SpanStatusCode.ERROR, message: 'search failed' });
      tool.end(at + 2);
      const query = tracer.startSpan('SELECT', { startTime: at });
      query.setStatus({ code: SpanStatusCode.ERROR });
      query.end(at + 3);
      await provider.shutdown();

      const records = await recent();
      assert.deepEqual(
        records.map(({ message, level, action, agent_id }) => [message, level, action, agent_id]),
        [
          ['chat gpt-4 1234 ms', 'INFO', 'chat', 'GROK'],
          ['execute_tool search 2 ms: search failed', 'ERROR', 'execute_tool', 'GROK'],
          ['SELECT 3 ms: error', 'ERROR', 'SELECT', 'GROK'],
        ],
      );
      const [first, second] = records;
      assert.equal(first!.timestamp, '2026-01-02T03:04:06.234Z');
      const { provider: by, model, input_tokens, output_tokens, cache_read_tokens, session } = first!.context;
      assert.deepEqual(
        [by, model, input_tokens, output_tokens, cache_read_tokens, session],
        ['openai', 'gpt-4-0613', 100, 20, 80, 'conv-1'],
      );
      assert.equal(first!.context['duration_ms'], 1234);
      assert.equal(first!.context['span_kind'], 'client');
      assert.equal(first!.context['trace_id'], chat.spanContext().traceId);
      assert.equal(first!.context['span_id'], chat.spanContext().spanId);
      assert.deepEqual([second!.context['tool'], second!.context['error']], ['search', 'search failed']);
      const [event] = second!.context['events'] as { name: string; attributes: Attributes }[];
      assert.deepEqual([event!.name, event!.attributes['exception.message']], ['exception', 'no index']);
      const metrics = (await ask('GET', '/metrics')).body.toString();
      assert.match(metrics, /^nervesys_agent_otlp_items_total\{signal="traces",outcome="kept"\} 3$/m);
      assert.match(metrics, /^nervesys_agent_otlp_items_total\{signal="traces",outcome="passed_over"\} 1$/m);
    });

    test(`usage metrics become one record a data point, with what came since the last (${how})`, async (t) => {
      for (const delta of [true, false]) {
        const { api, recent } = await open(t);
        const exporter = new Metrics({
          ...options(api.url, '/v1/metrics', gzip),
          temporalityPreference: delta
            ? AggregationTemporalityPreference.DELTA
            : AggregationTemporalityPreference.CUMULATIVE,
        });
        const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
        const provider = new MeterProvider({ resource: resource(), readers: [reader] });
        const meter = provider.getMeter('com.anthropic.claude_code');
        const tokens = meter.createCounter('claude_code.token.usage', { unit: 'tokens' });
        const usage = meter.createHistogram('gen_ai.client.token.usage', { unit: '{token}' });
        const requests = meter.createCounter('http.server.requests');

        tokens.add(70, { type: 'input', model: 'claude-opus', 'session.id': 's-1' });
        tokens.add(30, { type: 'output', model: 'claude-opus', 'session.id': 's-1' });
        usage.record(12, { 'gen_ai.token.type': 'input' });
        requests.add(1);
        await provider.forceFlush();
        tokens.add(5, { type: 'input', model: 'claude-opus', 'session.id': 's-1' });
        await provider.shutdown();

        assert.deepEqual(
          (await recent()).map(({ message, context }) => [
            message,
            context['type'],
            context['value'],
            context['delta'],
          ]),
          [
            ['claude_code.token.usage 70 tokens', 'input', 70, 70],
            ['claude_code.token.usage 30 tokens', 'output', 30, 30],
            ['gen_ai.client.token.usage 12 token', undefined, 12, 12],
            ['claude_code.token.usage 5 tokens', 'input', delta ? 5 : 75, 5],
          ],
        );
        const [first] = await recent();
        assert.deepEqual(
          [first!.action, first!.agent_id, first!.context['model'], first!.context['session']],
          ['claude_code.token.usage', 'GROK', 'claude-opus', 's-1'],
        );
        assert.equal(first!.context['input_tokens'], undefined);
        assert.equal(first!.context['temporality'], delta ? 'delta' : 'cumulative');
      }
    });
  }

for (const { encoding, Logs } of EXPORTERS)
  test(`an exporter that meets a full buffer comes again after Retry-After, and its records are stored once (${encoding})`, async (t) => {
    const { buffer } = await openLocalApi(t);
    let refusals = 0;
    const append: typeof buffer.append = (records, more) => {
      if (refusals++ > 0) return buffer.append(records, more);
      return Promise.reject(new NervesysError('NSV_BUFFER_FULL', 'full', { facts: { retryAfterSeconds: 1 } }));
    };
    const { api } = await openLocalApi(t, { sink: Object.assign(Object.create(buffer), { append }) });
    const exporter = new Logs(options(api.url, '/v1/logs', true));
    const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });

    provider.getLogger('x').emit({ body: 'kept' });
    await provider.shutdown();

    assert.deepEqual(
      (await buffer.recent({ limit: 9 })).map(({ message }) => message),
      ['kept'],
    );
    assert.equal(refusals, 2);
  });
