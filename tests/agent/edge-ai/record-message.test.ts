import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOOKED_AT_BYTES, messageOf } from '../../../src/agent/edge-ai/record-message.ts';
import { record, scanned } from './triaged.ts';

const MESSAGES = [
  '',
  'plain',
  'tab\tquote" backslash\\ line\nfeed \u0007 \u2028',
  '","context":{"message":"x',
  ',"message":"x',
  '\\',
  '"',
  'שלום 😀 ",',
];

test('the message of a record is what its JSON says, in whichever form the record is', () => {
  for (const message of MESSAGES)
    for (const one of [record({ message }), scanned({ message }), record({ message, action: ',"message":"no' })]) {
      const said = (JSON.parse(`{${one.json}`) as { message: string }).message;
      assert.equal(messageOf(one), said);
    }
});

test('a record without the usual order of fields gives its message, too', () => {
  const one = scanned({ message: 'm\n1', timestamp: undefined, action: undefined, level: 'ERROR' });

  assert.ok(one.messageJson !== undefined);
  assert.equal(messageOf(one), 'm\n1');
});

test('of a long message the beginning is read, cut between characters whatever stands there', () => {
  for (const part of ['a', '\n', '\\', '\u0001', '"\\', 'ש', '😀', 'x\\\\\\']) {
    const message = part.repeat(20_000 / part.length);
    for (const shift of ['', 'x', 'xx', 'xxx', 'xxxx', 'xxxxx']) {
      const whole = (shift + message).slice(0, 20_000);
      for (const one of [record({ message: whole }), scanned({ message: whole })]) {
        const read = messageOf(one);
        assert.ok(whole.startsWith(read), JSON.stringify([part, shift, read.slice(-10)]));
        assert.ok(read.length > LOOKED_AT_BYTES / 8 && read.length <= LOOKED_AT_BYTES);
      }
    }
  }
});

test('colours that a program wrote for a terminal are no part of the message', () => {
  const told = {
    '\u001b[31m\u001b[1mFATAL\u001b[0m: out of \u001b[38;5;196mmemory\u001b[m': 'FATAL: out of memory',
    '\u001b]8;;https://a.example\u0007a link\u001b]8;;\u0007': 'a link',
    '\u001b]0;title\u001b\\text': 'text',
    '\u001b[2Klost \u001b7': 'lost \u001b7',
    '\u001b[': '\u001b[',
  };
  for (const [message, plain] of Object.entries(told))
    for (const one of [record({ message }), scanned({ message })]) assert.equal(messageOf(one), plain);
});

test('a message of sequences that never end is read in no time', () => {
  const messages = ['\u001b[1', '\u001b]x', '\u001b[ '].map((part) => part.repeat(1_000) + '0'.repeat(5_000));

  for (const message of messages) {
    const startedAt = performance.now();
    messageOf(record({ message }));
    assert.ok(performance.now() - startedAt < 50);
  }
});
