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
