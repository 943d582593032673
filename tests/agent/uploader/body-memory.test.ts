import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyMemory } from '../../../src/agent/uploader/body-memory.ts';

test('an object keeps its bytes while the memory that it was read into is given back', () => {
  const memory = new BodyMemory();
  const first = Buffer.allocUnsafeSlow(5).fill('abcde');
  const second = Buffer.allocUnsafeSlow(3).fill('xyz');

  const sentFirst = Buffer.from(memory.take(first));
  const sentSecond = memory.take(second);

  assert.equal(sentFirst.toString(), 'abcde');
  assert.equal(sentSecond.toString(), 'xyz');
  assert.equal(first.length, 0);
  assert.equal(second.length, 0);
});

test('what a broken connection may still hold is not written over', () => {
  const memory = new BodyMemory();
  const held = memory.take(Buffer.from(new Uint8Array([1, 2, 3]).buffer));

  memory.letGo();
  memory.take(Buffer.from(new Uint8Array([7, 8, 9]).buffer));

  assert.deepEqual([...held], [1, 2, 3]);
});

test('an object that is part of something larger leaves the rest of it alone', () => {
  const whole = Buffer.allocUnsafeSlow(4).fill('wxyz');

  const body = new BodyMemory().take(whole.subarray(1, 3));

  assert.equal(body.toString(), 'xy');
  assert.equal(whole.toString(), 'wxyz');
});
