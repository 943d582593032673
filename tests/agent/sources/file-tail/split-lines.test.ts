import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitLines } from '../../../../src/agent/sources/file-tail/split-lines.ts';

function split(text: string | Buffer, options: Partial<Parameters<typeof splitLines>[1]> = {}) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const lines: string[] = [];
  const defaults = { skipping: false, final: false, quiet: false, lineBytesMax: 100, linesMax: 100 };
  const { consumed, skipping } = splitLines(bytes, { ...defaults, ...options }, (line) => lines.push(line));
  return { lines, consumed, skipping };
}

test('whole lines are taken, a partial last line waits', () => {
  assert.deepEqual(split('a\nb\r\n\n\r\nc'), { lines: ['a', 'b'], consumed: 8, skipping: false });
  assert.deepEqual(split('partial'), { lines: [], consumed: 0, skipping: false });
  assert.deepEqual(split(''), { lines: [], consumed: 0, skipping: false });
});

test('at the very end what stands after the last line break is a line too', () => {
  assert.deepEqual(split('a\nlast', { final: true }), { lines: ['a', 'last'], consumed: 6, skipping: false });
});

test('a line past the bound is cut, and its rest passed over up to the next line break', () => {
  assert.deepEqual(split(`${'x'.repeat(150)}\nb\n`), { lines: ['x'.repeat(100), 'b'], consumed: 153, skipping: false });
  assert.deepEqual(split('x'.repeat(150)), { lines: ['x'.repeat(100)], consumed: 150, skipping: true });
  assert.deepEqual(split('still the long one', { skipping: true }), { lines: [], consumed: 18, skipping: true });
  assert.deepEqual(split('its end\nb\n', { skipping: true }), { lines: ['b'], consumed: 10, skipping: false });
});

test('the cut is at a character boundary', () => {
  const { lines } = split(`x${'ש'.repeat(80)}\n`);

  assert.equal(lines[0], `x${'ש'.repeat(49)}`);
});

test('invalid UTF-8 stays readable', () => {
  assert.deepEqual(split(Buffer.from([0x61, 0xff, 0x62, 0x0a])).lines, ['a\ufffdb']);
});

test('a hole of NULs at the start of a line is no text', () => {
  assert.deepEqual(split(`\0\0\0a\n\0\0b\n\0\0`), { lines: ['a', 'b'], consumed: 11, skipping: false });
  assert.deepEqual(split('a\0b\n').lines, ['a\0b']);
});

test('no more lines than asked for are taken at once', () => {
  assert.deepEqual(split('a\nb\nc\n', { linesMax: 2 }), { lines: ['a', 'b'], consumed: 4, skipping: false });
});

test('however a text is cut into stretches, the same lines come out', () => {
  const text = Buffer.from(`one\n\n${'ש'.repeat(30)}\r\nthree\n${'y'.repeat(90)}\nend\n`);
  const whole = split(text).lines;

  for (let first = 0; first <= text.length; first++) {
    const a = split(text.subarray(0, first));
    const b = split(text.subarray(a.consumed), { skipping: a.skipping });
    assert.deepEqual([...a.lines, ...b.lines], whole, `cut at ${first}`);
  }
});
