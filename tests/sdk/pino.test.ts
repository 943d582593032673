import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import nervesysPinoTransport from '../../src/sdk/pino.ts';
import { pinoLevel, pinoRecord } from '../../src/sdk/pino-record.ts';
import { runProgram } from './run-program.ts';
import { TestAgent } from './test-agent.ts';

const KEYS = { messageKey: 'msg', errorKey: 'err' };

for (const mode of ['', 'exit'])
  test(`all that a program logs by pino arrives once and in order${mode && ', also when it calls process.exit'}`, async (t) => {
    const agent = await TestAgent.start(t);

    const { code, stderr } = await runProgram('pino-program.ts', [agent.url, mode]);

    assert.equal(code, 0, stderr);
    const records = await agent.records();
    assert.deepEqual(
      records.slice(0, 5).map(({ level, action, message }) => ({ level, action, message })),
      [
        { level: 'DEBUG', action: 'work', message: 'at trace' },
        { level: 'INFO', action: 'code_review', message: 'reviewed a.ts' },
        { level: 'WARN', action: 'work', message: 'שלום, not only ASCII' },
        { level: 'ERROR', action: 'work', message: 'it failed' },
        { level: 'CRITICAL', action: 'work', message: 'without words' },
      ],
    );
    assert.equal(records[1]?.context['pr'], 512);
    const error = records[3]?.context['error'] as Record<string, unknown>;
    assert.equal(error['name'], 'TypeError');
    assert.match(String(error['stack']), /pino-program\.ts/);
    assert.match(String(error['stack']), /HTTP 404/);
    assert.deepEqual(
      records.slice(5).map(({ context }) => context['n']),
      Array.from({ length: 300 }, (_, index) => index + 1),
    );
  });

test('without an agent a program that logs by pino ends all the same, its lines on standard error', async () => {
  const { code, fallen, durationMs } = await runProgram('pino-program.ts', ['http://127.0.0.1:1', '']);

  assert.equal(code, 0);
  assert.equal(fallen.filter(({ action }) => action !== 'nervesys.logger').length, 305);
  assert.ok(durationMs < 9_000, `${durationMs} ms`);
});

test('the transport serves as a stream in the same thread too, and its end means delivered', async (t) => {
  const agent = await TestAgent.start(t);
  const transport = await nervesysPinoTransport({ agentId: 'GROK', url: agent.url });
  const logger = pino(transport);

  logger.info('in this thread');
  logger.info({ agent_id: 'DEEPSEEK' }, 'of another');
  transport.end();
  await new Promise((resolve) => transport.once('finish', resolve));

  assert.equal((await agent.records())[0]?.message, 'in this thread');
  assert.equal((await agent.records('DEEPSEEK'))[0]?.message, 'of another');
});

test('lines that are cut anywhere are put together again', async (t) => {
  const agent = await TestAgent.start(t);
  const transport = await nervesysPinoTransport({ agentId: 'GROK', url: agent.url });
  const bytes = Buffer.from('{"level":30,"msg":"é"}\n{"level":40,"msg":"two"}\nno JSON at all');

  for (const byte of bytes) transport.write(Buffer.from([byte]));
  transport.end();
  await new Promise((resolve) => transport.once('finish', resolve));

  assert.deepEqual(
    (await agent.records()).map(({ level, message }) => `${level} ${message}`),
    ['INFO é', 'WARN two', 'INFO no JSON at all'],
  );
});

test('pino’s levels are ours, those between them by their neighbours', () => {
  assert.deepEqual([10, 20, 25, 30, 35, 40, 50, 60, 70, 'fatal', 'warn', undefined].map(pinoLevel), [
    'DEBUG',
    'DEBUG',
    'DEBUG',
    'INFO',
    'INFO',
    'WARN',
    'ERROR',
    'CRITICAL',
    'CRITICAL',
    'CRITICAL',
    'WARN',
    'INFO',
  ]);
});

test('a time stays the time of the call', () => {
  assert.equal(pinoRecord('{"level":30,"time":1733859900123,"msg":"x"}', KEYS).timestamp, 1733859900123);
  assert.equal(pinoRecord('{"time":"2025-12-10T19:45:00.123Z","msg":"x"}', KEYS).timestamp, '2025-12-10T19:45:00.123Z');
});
