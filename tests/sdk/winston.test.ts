import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import winston from 'winston';
import { NervesysTransport } from '../../src/sdk/winston.ts';
import { winstonLevel } from '../../src/sdk/winston-record.ts';
import { TestAgent } from './test-agent.ts';

test('what a program logs by winston arrives once and in order, with its fields', async (t) => {
  const agent = await TestAgent.start(t);
  const transport = new NervesysTransport({ agentId: 'GROK', url: agent.url, action: 'work' });
  const logger = winston.createLogger({ level: 'debug', defaultMeta: { service: 'review' }, transports: [transport] });

  logger.info('reviewed', { action: 'code_review', pr: 512 });
  logger.child({ request: 7 }).debug('a child');
  logger.silly('not for us');
  for (let n = 1; n <= 300; n++) logger.warn('counted', { n });
  logger.end();
  await once(transport, 'finish');

  const records = await agent.records();
  assert.deepEqual(
    records.slice(0, 2).map(({ level, action, message }) => ({ level, action, message })),
    [
      { level: 'INFO', action: 'code_review', message: 'reviewed' },
      { level: 'DEBUG', action: 'work', message: 'a child' },
    ],
  );
  assert.deepEqual(records[0]?.context, { service: 'review', pr: 512 });
  assert.deepEqual(records[1]?.context, { service: 'review', request: 7 });
  assert.deepEqual(
    records.slice(2).map(({ context }) => context['n']),
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

test('an error given to winston in any way keeps name, message, stack and cause, and not the request in it', async (t) => {
  const agent = await TestAgent.start(t);
  const transport = new NervesysTransport({ agentId: 'GROK', url: agent.url });
  const plain = winston.createLogger({ transports: [transport] });
  const format = winston.format.combine(winston.format.errors({ stack: true }), winston.format.colorize());
  const formatted = winston.createLogger({ format, transports: [transport] });
  const config = { headers: { authorization: 'Bearer of a key' } };
  const error = () => Object.assign(new TypeError('boom', { cause: new Error('inner') }), { config, code: 'E_BOOM' });

  plain.error('it failed', error());
  formatted.error('it failed', error());
  formatted.error('it failed', { error: error() });
  assert.equal(await transport.flush(), true);
  transport.close();

  for (const { level, message, context } of await agent.records()) {
    const told = context['error'] as Record<string, unknown>;
    assert.equal(level, 'ERROR');
    assert.match(message, /^it failed/);
    assert.equal(told['name'], 'TypeError');
    assert.equal(told['message'], 'boom');
    assert.equal(told['code'], 'E_BOOM');
    assert.match(String(told['stack']), /winston\.test\.ts/);
    assert.equal((told['cause'] as Record<string, unknown>)['message'], 'inner');
    assert.doesNotMatch(JSON.stringify(context), /Bearer/);
  }
  assert.equal((await agent.records()).length, 3);
});

test('a time in winston’s own format is taken for one only where it surely is one', async (t) => {
  const agent = await TestAgent.start(t);
  const transport = new NervesysTransport({ agentId: 'GROK', url: agent.url });
  const logger = winston.createLogger({ transports: [transport] });

  logger.info({ message: 'iso', level: 'info', timestamp: '2025-12-10T19:45:00.123Z' });
  logger.info({ message: 'local', level: 'info', timestamp: '10.12.25' });
  await transport.flush();
  transport.close();

  const [iso, local] = await agent.records();
  assert.equal(iso?.timestamp, '2025-12-10T19:45:00.123Z');
  assert.equal(local?.context['timestamp'], '10.12.25');
});

test('the levels of npm and of syslog, as winston has them, are ours', () => {
  const known = [...Object.keys(winston.config.npm.levels), ...Object.keys(winston.config.syslog.levels)];

  assert.deepEqual(Object.fromEntries(known.map((level) => [level, winstonLevel(level)])), {
    error: 'ERROR',
    warn: 'WARN',
    info: 'INFO',
    http: 'DEBUG',
    verbose: 'DEBUG',
    debug: 'DEBUG',
    silly: 'DEBUG',
    emerg: 'CRITICAL',
    alert: 'CRITICAL',
    crit: 'CRITICAL',
    warning: 'WARN',
    notice: 'INFO',
  });
});
