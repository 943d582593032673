import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AgentId } from '../../src/contract/ids.ts';
import { createLogger, type LoggerOptions, type NervesysLogger } from '../../src/sdk/logger.ts';
import { AgentStandIn } from '../commands/agent-stand-in.ts';
import { until } from '../support/until.ts';
import { TestAgent } from './test-agent.ts';

/** A logger whose last resort is a list. */
function loggerFor(
  t: TestContext,
  options: LoggerOptions,
): { logger: NervesysLogger; fallen: Record<string, unknown>[] } {
  const fallen: Record<string, unknown>[] = [];
  const logger = createLogger({ agentId: 'GROK', fallback: (line) => fallen.push(JSON.parse(line)), ...options });
  t.after(() => logger.close(0));
  return { logger, fallen };
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

test('a record arrives with its level, action, message, fields and time', async (t) => {
  const agent = await TestAgent.start(t);
  const { logger } = loggerFor(t, { url: agent.url, context: { service: 'review' } });

  const before = new Date().toISOString();
  logger.child({ pr: 512 }).warn('code_review', 'a test is missing', { file: 'a.ts' });
  assert.equal(await logger.flush(), true);

  const [record] = await agent.records();
  assert.equal(record?.level, 'WARN');
  assert.equal(record.agent_id, 'GROK');
  assert.equal(record.action, 'code_review');
  assert.equal(record.message, 'a test is missing');
  assert.deepEqual(record.context, { service: 'review', pr: 512, file: 'a.ts' });
  assert.ok(record.timestamp >= before && record.timestamp <= new Date().toISOString());
  assert.deepEqual(logger.counts, { waiting: 0, delivered: 1, fellBack: 0 });
});

test('a Unix socket serves as well as a port', async (t) => {
  const agent = await TestAgent.start(t);
  const { logger } = loggerFor(t, { socketPath: agent.socketPath });

  logger.info('by the socket');

  assert.equal(await logger.flush(), true);
  assert.equal((await agent.records())[0]?.message, 'by the socket');
});

test('an error keeps name, message, stack and cause, wherever it is given', async (t) => {
  const agent = await TestAgent.start(t);
  const { logger } = loggerFor(t, { url: agent.url });
  const error = new TypeError('no such model', { cause: new Error('HTTP 404') });

  logger.error('ask', error);
  logger.error('ask', 'it failed', error);
  logger.error('ask', 'it failed', { error, attempt: 2 });
  await logger.flush();

  const records = await agent.records();
  assert.deepEqual(
    records.map((record) => record.message),
    ['no such model', 'it failed', 'it failed'],
  );
  for (const { context } of records) {
    const told = context['error'] as Record<string, unknown>;
    assert.equal(told['name'], 'TypeError');
    assert.equal(told['message'], 'no such model');
    assert.match(String(told['stack']), /logger\.test\.ts/);
    assert.equal((told['cause'] as Record<string, unknown>)['message'], 'HTTP 404');
  }
  assert.equal(records[2]?.context['attempt'], 2);
});

test('records below the level are left out', async (t) => {
  const agent = await TestAgent.start(t);
  const { logger } = loggerFor(t, { url: agent.url, level: 'warn' });

  for (const level of ['debug', 'info', 'warn', 'error', 'critical'] as const) logger[level]('step', level);
  await logger.flush();

  assert.deepEqual(
    (await agent.records()).map((record) => record.level),
    ['WARN', 'ERROR', 'CRITICAL'],
  );
});

test('what a record tells is what its objects were at the call', async (t) => {
  const agent = await TestAgent.start(t);
  const { logger } = loggerFor(t, { url: agent.url });
  const state = { step: 1 };

  logger.info('plan', 'before', state);
  state.step = 2;
  await logger.flush();

  assert.deepEqual((await agent.records())[0]?.context, { step: 1 });
});

test('an agent that is stopped and started in the middle has each record once and in order', async (t) => {
  const agent = await TestAgent.start(t);
  const { logger, fallen } = loggerFor(t, { url: agent.url });

  for (let n = 1; n <= 900; n++) {
    logger.info('count', `record ${n}`, { n });
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (n === 300) await agent.stop();
    if (n === 600) await agent.start();
  }
  assert.equal(await logger.flush(), true);

  assert.deepEqual(
    (await agent.records()).map(({ context }) => context['n']),
    numbers(1, 900),
  );
  assert.deepEqual(fallen, []);
});

test('a batch whose answer was lost is sent again under its key, and counts once', async () => {
  await using agent = await new AgentStandIn().listen();
  await using logger = createLogger({ agentId: 'GROK', url: `http://127.0.0.1:${agent.port}` });
  agent.mood = 'take but lose the answer';

  logger.info('once', 'only once');
  assert.equal(await logger.flush(), true);

  assert.equal(agent.records.length, 1);
  assert.equal(agent.requests, 2);
});

test('an agent that is busy is asked again, and has everything in order', async (t) => {
  await using agent = await new AgentStandIn().listen();
  await using logger = createLogger({ agentId: 'GROK', url: `http://127.0.0.1:${agent.port}` });
  agent.mood = 'busy';

  for (let n = 1; n <= 50; n++) logger.info('count', String(n));
  await until('it was refused', () => agent.requests > 2);
  for (let n = 51; n <= 100; n++) logger.info('count', String(n));
  agent.mood = 'take';

  assert.equal(await logger.flush(), true);
  assert.deepEqual(
    agent.records.map((record) => Number(record.message)),
    numbers(1, 100),
  );
  t.diagnostic(`${agent.requests} requests`);
});

test('many records go in few requests, an urgent one at once', async () => {
  await using agent = await new AgentStandIn().listen();
  await using logger = createLogger({ agentId: 'GROK', url: `http://127.0.0.1:${agent.port}` });

  for (let n = 0; n < 1_000; n++) logger.info('count', String(n));
  await logger.flush();
  assert.ok(agent.requests <= 4, `${agent.requests} requests`);

  const startedAt = performance.now();
  logger.critical('stop', 'the model answers nonsense');
  await until('it is there', () => agent.records.length === 1_001);
  assert.ok(performance.now() - startedAt < 45, 'it waited for company');
});

test('what has no room while the agent is away goes to the fallback, and the archive is told how much', async (t) => {
  const agent = await TestAgent.start(t);
  await agent.stop();
  const { logger, fallen } = loggerFor(t, { url: agent.url, queueRecordsMax: 10 });

  for (let n = 1; n <= 15; n++) logger.info('count', `record ${n}`, { n });
  assert.deepEqual(
    fallen.map(({ context }) => (context as { n: number }).n),
    numbers(11, 15),
  );
  assert.deepEqual(logger.counts, { waiting: 10, delivered: 0, fellBack: 5 });
  await agent.start();
  await logger.flush();
  logger.info('count', 'record 16', { n: 16 });
  await logger.flush();

  const records = await agent.records();
  const own = records.filter(({ action }) => action === 'nervesys.logger');
  assert.deepEqual(
    records.filter(({ action }) => action === 'count').map(({ context }) => context['n']),
    [...numbers(1, 10), 16],
  );
  assert.equal(own.length, 1);
  assert.equal(own[0]?.context['records'], 5);
});

test('the bytes that wait are bounded as well', async (t) => {
  const { logger, fallen } = loggerFor(t, { url: 'http://127.0.0.1:1', queueBytesMax: 10_000 });

  for (let n = 0; n < 20; n++) logger.info('large', 'x'.repeat(1_000));

  assert.ok(logger.counts.waiting < 10);
  assert.equal(logger.counts.waiting + fallen.length, 20);
});

test('closing without an agent takes its time and no longer, and loses nothing', async (t) => {
  const { logger, fallen } = loggerFor(t, { url: 'http://127.0.0.1:1' });
  logger.info('a');
  logger.info('b');

  const startedAt = performance.now();
  await logger.close(200);

  assert.ok(performance.now() - startedAt < 1_500);
  assert.deepEqual(
    fallen.map(({ message }) => message),
    ['a', 'b'],
  );
  logger.info('after the end');
  assert.equal(fallen.at(-1)?.['message'], 'after the end');
  assert.deepEqual(logger.counts, { waiting: 0, delivered: 0, fellBack: 3 });
});

test('a flush that runs out of time says so, and the records still arrive later', async (t) => {
  const agent = await TestAgent.start(t);
  await agent.stop();
  const { logger } = loggerFor(t, { url: agent.url });
  logger.info('patient');

  assert.equal(await logger.flush(50), false);
  await agent.start();

  assert.equal(await logger.flush(), true);
  assert.equal((await agent.records()).length, 1);
});

test('the AI agent’s own word reaches the agent; the last one counts, and stopped comes after all records', async (t) => {
  const agent = await TestAgent.start(t);
  const { logger } = loggerFor(t, { url: agent.url });

  void logger.status('healthy');
  assert.equal(await logger.status('degraded', { last_action: 'code_review', detail: 'the model is slow' }), true);
  const degraded = agent.registry.get('GROK' as AgentId);
  logger.info('bye', 'the last record');
  assert.equal(await logger.status('stopped'), true);

  assert.equal(degraded?.status, 'degraded');
  assert.equal(degraded?.detail, 'the model is slow');
  assert.equal(agent.registry.get('GROK' as AgentId)?.status, 'stopped');
  assert.equal((await agent.records()).length, 1);
});

test('what is too large for the agent goes in smaller requests, in order', async (t) => {
  const agent = await TestAgent.start(t, { bodyBytesMax: 2_000 });
  const { logger, fallen } = loggerFor(t, { url: agent.url });

  for (const n of numbers(1, 100)) logger.info('a', `${n}`);
  assert.equal(await logger.flush(), true);

  assert.deepEqual(
    (await agent.records()).map(({ message }) => Number(message)),
    numbers(1, 100),
  );
  assert.deepEqual(fallen, []);
});

test('another program on the port is not taken for an agent', async (t) => {
  const http = await import('node:http');
  const other = http.createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close().closeAllConnections());
  const { logger, fallen } = loggerFor(t, { url: `http://127.0.0.1:${(other.address() as { port: number }).port}` });

  logger.info('kept');

  assert.equal(await logger.flush(150), false);
  await logger.close(0);
  assert.equal(fallen[0]?.['message'], 'kept');
});

test('options that can never work are refused at once', () => {
  assert.throws(() => createLogger({ url: 'agent:4318' }), /url must be/);
  assert.throws(() => createLogger({ level: 'loud' as 'info' }), /level must be/);
});

test('a fallback that fails does not reach the program', async () => {
  const fallback = () => {
    throw new Error('the disk is full');
  };
  const logger = createLogger({ url: 'http://127.0.0.1:1', queueRecordsMax: 1, fallback });

  logger.info('one');
  logger.info('two');
  await logger.close(0);

  assert.equal(logger.counts.fellBack, 2);
});
