import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Multiline, openJoiner } from '../../../../src/agent/sources/file-tail/join-lines.ts';
import { JOINED_LINES_MAX, splitRecords } from '../../../../src/agent/sources/file-tail/split-records.ts';
import { MESSAGE_BYTES_MAX } from '../../../../src/contract/record.ts';

function split(
  text: string | Buffer,
  multiline: Multiline,
  options: { quiet?: boolean; final?: boolean; skipping?: boolean; lineBytesMax?: number; linesMax?: number } = {},
) {
  const lines: string[] = [];
  const defaults = { quiet: false, final: false, skipping: false, lineBytesMax: 1024 * 1024, linesMax: 1_000 };
  const joins = openJoiner(multiline);
  const stretch = splitRecords(Buffer.from(text), { ...defaults, joins, ...options }, (line) => lines.push(line));
  return { lines, ...stretch };
}

/** Each element is what must come out as one record. */
const joinedAs = (multiline: Multiline, records: readonly string[]) =>
  assert.deepEqual(split(records.map((record) => `${record}\n`).join(''), multiline, { quiet: true }).lines, records);

test('by a start pattern, all lines up to the next that begins so are one record', () => {
  joinedAs({ start: '^\\d{4}-' }, [
    '2025-01-15 one\nmore\n\nand more',
    '2025-01-15 two',
    '2025-01-15 three\n2025 is no date',
  ]);
  joinedAs({ start: 'BEGIN' }, ['stray', 'BEGIN a\nmore', 'it may BEGIN anywhere']);
});

test('a Java stack trace with its causes belongs to its line', () => {
  joinedAs('auto', [
    '2025-01-15 08:00:00,123 INFO [main] a.B - starting',
    '2025-01-15 08:00:00,124 ERROR [main] a.B - failed\njava.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\n\t... 12 more\nCaused by: java.io.IOException: disk\n\tat a.D.e(D.java:2)\n\tSuppressed: java.lang.Error: x\n\t\tat a.F.g(F.java:3)',
    '2025-01-15 08:00:00,125 INFO [main] a.B - going on',
    'Exception in thread "main" java.lang.RuntimeException: out\n\tat a.B.main(B.java:9)',
    'java.lang.IllegalStateException: by itself\n\tat a.B.c(B.java:1)',
  ]);
});

test('a Python traceback belongs to the line that logged it, with chained ones and the exception itself', () => {
  joinedAs('auto', [
    'INFO:root:starting',
    'ERROR:root:failed\nTraceback (most recent call last):\n  File "a.py", line 1, in <module>\n    1 / 0\nZeroDivisionError: division by zero\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "a.py", line 3, in <module>\nValueError: no',
    'INFO:root:going on',
    'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nKeyboardInterrupt',
    'ERROR:root:another',
  ]);
});

test('a traceback after a line about something else is a record of its own', () => {
  joinedAs('auto', ['INFO:root:all is well', 'Traceback (most recent call last):\n  File "a.py"\nValueError: no']);
});

test("Node's errors keep their frames, properties and causes; two errors in a row are two", () => {
  joinedAs('auto', [
    'listening on 7700',
    'Error: no\n    at a (file:///a.js:1:1)\n    at b (file:///b.js:2:2) {\n  code: "X",\n  [cause]: Error: inner\n      at c (c.js:1:1)\n}',
    'Error: first',
    'TypeError: second',
    '/app/a.js:3\n    throw new TypeError("no")\n    ^\n\nTypeError: no\n    at a (/app/a.js:3:1)',
    '2025-01-15T08:00:00Z ERROR failed\nTypeError: no\n    at a (/app/a.js:3:1)',
  ]);
});

test('an object printed over several lines is one record', () => {
  joinedAs('auto', ['{\n  "level": "error",\n  "msg": "pretty"\n}', 'next']);
});

test('the last record waits, unread, until the next begins or its writer is silent', () => {
  const text = 'one\n  a\ntwo\n  b\n';

  const waiting = split(text, 'auto');
  assert.deepEqual(waiting, { lines: ['one\n  a'], consumed: 8, skipping: false, pending: true });

  const quiet = split(text.slice(8), 'auto', { quiet: true });
  assert.deepEqual(quiet, { lines: ['two\n  b'], consumed: 8, skipping: false, pending: false });
});

test('silence ends a record, not a line: a partial one is still waited for', () => {
  assert.deepEqual(split('one\n  a\n  par', 'auto', { quiet: true }), {
    lines: ['one\n  a'],
    consumed: 8,
    skipping: false,
    pending: false,
  });
  assert.deepEqual(split('one\n  a\n  par', 'auto', { final: true }).lines, ['one\n  a\n  par']);
});

test('a record past its bounds goes on as the next one, and nothing of it is lost', () => {
  const many = `head\n${'  x\n'.repeat(2 * JOINED_LINES_MAX)}`;
  const long = `head\n${`  ${'y'.repeat(1_000)}\n`.repeat(200)}`;

  const records = split(many, 'auto', { quiet: true }).lines;
  assert.deepEqual([records.length, records.join('\n')], [3, many.trimEnd()]);
  const pieces = split(long, 'auto', { quiet: true }).lines;
  assert.ok(pieces.every((piece) => Buffer.byteLength(piece) <= MESSAGE_BYTES_MAX));
  assert.equal(pieces.join('\n'), long.trimEnd());
});

test('a line longer than there is room for is cut, after what waited before it', () => {
  const text = `one\n  a\n${'z'.repeat(100)}`;

  assert.deepEqual(split(text, 'auto', { lineBytesMax: 50, quiet: true }).lines, ['one\n  a']);
  assert.deepEqual(split('z'.repeat(100), 'auto', { lineBytesMax: 50 }), {
    lines: ['z'.repeat(50)],
    consumed: 100,
    skipping: true,
    pending: false,
  });
});

test('Windows line breaks, blank lines and holes of NULs are as with single lines', () => {
  assert.deepEqual(split('\r\n\0\0one\r\n  a\r\ntwo\r\n', 'auto', { quiet: true }).lines, ['one\n  a', 'two']);
});

test('however a text is cut into stretches, the same records come out', () => {
  const text = Buffer.from('one\n  a\n\n  b\ntwo\nERROR three\nTraceback (most recent call last):\n  x\nE: y\nfour\n');
  const whole = split(text, 'auto', { quiet: true }).lines;
  for (let size = 1; size <= text.length; size++) {
    const found: string[] = [];
    let at = 0;
    let room = size;
    while (at < text.length) {
      const { lines, consumed } = split(text.subarray(at, at + room), 'auto', { quiet: at + room >= text.length });
      found.push(...lines);
      room = consumed === 0 ? 2 * room : size; // a record longer than a stretch: the next one is larger
      at += consumed;
    }
    assert.deepEqual(found, whole, `stretches of ${size}`);
  }
});
