import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureConsole, createLogger } from '../../src/sdk/logger.ts';
import { TestAgent } from './test-agent.ts';

test('what is printed becomes records until the console is released', async (t) => {
  const agent = await TestAgent.start(t);
  const logger = createLogger({ agentId: 'GROK', url: agent.url });
  t.after(() => logger.close(0));
  const before = { ...console };

  const release = captureConsole(logger, { passThrough: false });
  console.log('step %d of %s', 1, 'three', { more: true });
  console.warn('careful');
  console.error(new RangeError('too far'));
  console.debug('details');
  console.assert(1 > 2, 'arithmetic');
  release();
  await logger.flush();

  const records = await agent.records();
  assert.deepEqual(
    records.map(({ level, action, message }) => `${level} ${action} ${message}`),
    [
      'INFO console step 1 of three { more: true }',
      'WARN console careful',
      'ERROR console too far',
      'DEBUG console details',
      'WARN console Assertion failed: arithmetic',
    ],
  );
  assert.equal((records[2]!.context['error'] as { name: string }).name, 'RangeError');
  assert.deepEqual({ ...console }, before);
});

test('what is captured still appears where it did, unless asked otherwise', (t) => {
  const logger = createLogger({ url: 'http://127.0.0.1:1', fallback: () => undefined });
  t.after(() => logger.close(0));
  const printed: unknown[][] = [];
  t.mock.method(console, 'log', (...values: unknown[]) => printed.push(values));

  const release = captureConsole(logger);
  console.log('seen', 1);
  release();

  assert.deepEqual(printed, [['seen', 1]]);
  assert.equal(logger.counts.waiting, 1);
});

test('somebody who wrapped the console after us keeps his wrapper, and we stop listening', (t) => {
  const logger = createLogger({ url: 'http://127.0.0.1:1', fallback: () => undefined });
  t.after(() => logger.close(0));
  const printed: string[] = [];
  t.mock.method(console, 'log', (text: string) => printed.push(text));
  const release = captureConsole(logger);
  const ours = console.log;
  const theirs = (text: string) => ours(`theirs: ${text}`);
  console.log = theirs;

  release();
  console.log('x');

  assert.equal(console.log, theirs);
  assert.deepEqual(printed, ['theirs: x']);
  assert.equal(logger.counts.waiting, 0);
});
