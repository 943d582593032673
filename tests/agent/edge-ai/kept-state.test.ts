import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { KeptState } from '../../../src/agent/edge-ai/kept-state.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { randomHex } from '../../../src/platform/random.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { record, SERVER } from './triaged.ts';

function openBuffer(dir: string, limitBytes: number): LogBuffer {
  return LogBuffer.open({
    path: join(dir, 'buffer.db'),
    server: SERVER,
    limitBytes,
    windowMs: 600_000,
    batchTextBytes: 10_000_000,
    clock: new FakeClock(),
    logger: silentLogger,
  });
}

test('what is kept is read again, and its note without reading it', async (t) => {
  const dir = await tempDir(t);
  await using buffer = openBuffer(dir, 100_000_000);
  const state = new KeptState(buffer, silentLogger);

  assert.equal(await state.write('corrections', 'שלום\nx', 'tag'), true);

  const again = new KeptState(buffer, silentLogger);
  assert.deepEqual([again.noteOf('corrections'), await again.read('corrections')], ['tag', 'שלום\nx']);
  assert.deepEqual([again.noteOf('templates'), await again.read('templates')], [undefined, undefined]);
});

test('what is damaged counts as nothing', async (t) => {
  await using buffer = openBuffer(await tempDir(t), 100_000_000);
  const state = new KeptState(buffer, silentLogger);
  const damages = [
    '',
    '1',
    '1\nnote',
    '1\nnote\nno base64!',
    '2\nnote\nH4sIAAAA',
    `1\nx\n${Buffer.from('x').toString('base64')}`,
  ];

  for (const value of damages) {
    buffer.setMeta('triage_templates', value);
    assert.equal(await state.read('templates'), undefined, value);
  }
});

test('more than its part of the limit is not kept, so that a tiny buffer keeps its room for records', async (t) => {
  await using buffer = openBuffer(await tempDir(t), 2_000_000);
  const state = new KeptState(buffer, silentLogger);

  assert.equal(await state.write('templates', randomHex(20_000)), false);
  assert.equal(await state.write('templates', 'a '.repeat(20_000)), true);
  assert.ok(state.textBytesMax('templates') < 20_000);
  assert.ok(buffer.stats().bytes <= 2_000_000);
});

test('while the buffer is nearly full nothing is kept, and records have the room', async (t) => {
  await using buffer = openBuffer(await tempDir(t), 4_000_000);
  const state = new KeptState(buffer, silentLogger);
  const filling = async () => {
    for (let n = 0; n < 100; n++) await buffer.append([record({ message: randomHex(25_000) })]);
  };

  await assert.rejects(filling(), { code: 'NSV_BUFFER_FULL' });

  assert.equal(await state.write('templates', 'text'), false);
});
