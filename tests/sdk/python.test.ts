import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../support/until.ts';
import { run } from './run-program.ts';
import { TestAgent } from './test-agent.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/python_stdlib.py');
const OTEL_EXAMPLE = join(import.meta.dirname, '../../examples/python_otel.py');
const OTEL_MODULES = 'import opentelemetry.sdk._logs, opentelemetry.exporter.otlp.proto.http._log_exporter';
const skip = spawnSync('python3', ['--version']).status === 0 ? false : 'there is no python3 here';

test('the Python example delivers each record once and in order, over a restart of the agent', { skip }, async (t) => {
  const agent = await TestAgent.start(t);
  const env = {
    NERVESYS_AGENT_ID: 'GROK',
    NERVESYS_URL: agent.url,
    EXAMPLE_RECORDS: '300',
    EXAMPLE_PAUSE_SECONDS: '0.004',
  };

  const running = run('python3', [EXAMPLE], env);
  await until('the first records are there', async () => (await agent.records()).length > 20);
  await agent.stop();
  await new Promise((resolve) => setTimeout(resolve, 300)); // long enough for a refused attempt
  await agent.start();
  const ended = await running;

  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(ended.stderr, '');
  const records = await agent.records();
  assert.deepEqual(
    records.slice(0, 3).map(({ level, action, message }) => `${level} ${action} ${message}`),
    ['INFO example ready for work', 'INFO code_review reviewed a.py', 'ERROR example the model answered nonsense'],
  );
  assert.deepEqual(records[1]?.context, { logger: 'example', pr: 512 });
  assert.match(JSON.stringify(records[2]?.context['error']), /JSONDecodeError.*Traceback/);
  assert.deepEqual(
    records.slice(3).map(({ context }) => context['n']),
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

test('what is too large for the agent the Python example sends in smaller requests', { skip }, async (t) => {
  const agent = await TestAgent.start(t, { bodyBytesMax: 3_000 });

  const ended = await run('python3', [EXAMPLE], {
    NERVESYS_AGENT_ID: 'GROK',
    NERVESYS_URL: agent.url,
    EXAMPLE_RECORDS: '60',
  });

  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  assert.deepEqual(
    (await agent.records()).slice(3).map(({ context }) => context['n']),
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
});

test('without an agent the Python example ends, its records on standard error', { skip }, async () => {
  const env = { NERVESYS_URL: 'http://127.0.0.1:1', EXAMPLE_RECORDS: '10' };

  const ended = await run('python3', [EXAMPLE], env);

  assert.equal(ended.code, 0);
  assert.equal(ended.fallen.length, 13);
  assert.ok(ended.durationMs < 8_000, `${ended.durationMs} ms`);
});

const skipOtel =
  spawnSync('python3', ['-c', OTEL_MODULES]).status === 0 ? false : "Python's OpenTelemetry SDK is not installed";

test("the Python example with OpenTelemetry's SDK brings its record under the service's name", {
  skip: skipOtel,
}, async (t) => {
  const agent = await TestAgent.start(t);
  const env = { OTEL_SERVICE_NAME: 'GROK', OTEL_EXPORTER_OTLP_ENDPOINT: agent.url };

  const ended = await run('python3', [OTEL_EXAMPLE], env);

  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(
    (await agent.records()).map(({ level, message, context }) => [level, message, context['pr']]),
    [['INFO', 'reviewed a.py', 512]],
  );
});
