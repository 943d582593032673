import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOKENS_MAX } from '../../../../src/agent/edge-ai/miner/token-row.ts';
import { SCANNED_LENGTH_MAX, Tokenizer } from '../../../../src/agent/edge-ai/miner/tokenizer.ts';

function mask(text: string): string {
  const tokenizer = new Tokenizer();
  tokenizer.scan(text, 0);
  return tokenizer.tokens().join('');
}

const CASES: readonly (readonly [what: string, text: string, masked: string])[] = [
  ['numbers', 'took 12 of 0x1f, -3 left', 'took <*> of <*> left'],
  ['ids', 'job a81bc81b-dead-4e5d-abff-90865d1e13b1 for user_17', 'job <*> for <*>'],
  ['addresses', 'peer [2001:db8::be:1]:443 -> 10.0.0.7:80 via 00:cd:ef:01:02:03', 'peer <*> -> <*> via <*>'],
  ['hosts with a port', 'dial db.example.com:5432 failed', 'dial <*> failed'],
  ['paths and URLs', 'open /var/lib/app/x.db from https://example.com/a?b=c.', 'open <*> from <*>.'],
  ['paths of Windows', 'load C:\\Windows\\System32\\a.dll now', 'load <*> now'],
  ['dates', 'since Wed Jul 13 10:25:55 2005 UTC: idle', 'since <*>: idle'],
  ['sizes with their units', 'wrote 4.2 KB (4301 bytes) in 3 ms', 'wrote <*> in <*>'],
  ['bounds', 'lifetime <1 sec', 'lifetime <*>'],
  ['lists', 'peers 1, 2, 3 and a=1, a=2, a=3', 'peers <*> and a=<*>'],
  ['empty values', 'logname= uid=0 ruser= rhost=', 'logname=<*> uid=<*> ruser=<*> rhost=<*>'],
  ['quoted values', 'rename "my old file" to name="x y"', 'rename <*> to name=<*>'],
  ['quoted words', `lend 'spade' to "anna", not to 'berta'`, 'lend <*> to <*>, not to <*>'],
  ['what stands for nothing', 'a=- b=null c=(none) room: unknown', 'a=<*> b=<*> c=(<*>) room: <*>'],
  ['clients of an access log', '10.1.2.3 - anna "GET /x HTTP/1.1" 200', '<*> "GET <*>" <*>'],
  ['amounts of money', 'paid 12.50 EUR today', 'paid <*> today'],
  ['one and many', 'sent 1 packet', 'sent <*> packet'],
  ['one and many', 'sent 2 packets', 'sent <*> packet'],
];
for (const [what, text, masked] of CASES) {
  test(`${what} are variables by their shape: ${text}`, () => assert.equal(mask(text), masked));
}

test('words, names of classes and functions, and the method of a request stay', () => {
  for (const text of ['java.io.IOException: disk full', 'jk2_init() failed', 'power/control problem', 'added facade'])
    assert.equal(mask(text), text);
  assert.equal(mask('answer "GET /a/b HTTP/1.1" now'), 'answer "GET <*>" now');
});

test('the message of a line in logfmt is no value', () => {
  assert.equal(mask('level=warn msg="disk is full" err="no space"'), 'level=warn msg="disk is full" err=<*>');
});

test('a line of signs is the same token however long it is', () => {
  assert.equal(mask('enabled........1'), mask('enabled...1'));
});

test('a text of any length costs no more than its beginning', () => {
  const tokenizer = new Tokenizer();
  tokenizer.scan('word '.repeat(100_000), 0);
  const words = tokenizer.tokens();
  tokenizer.scan('x'.repeat(1_000_000), 0);

  assert.equal(words.length, TOKENS_MAX);
  assert.deepEqual(tokenizer.tokens(), ['<*>']);
  assert.ok(SCANNED_LENGTH_MAX < 10_000);
});

test('texts that mask alike have the same key, others another', () => {
  const tokenizer = new Tokenizer();
  const key = (text: string): string => {
    tokenizer.scan(text, 0);
    return `${tokenizer.keyHigh} ${tokenizer.keyLow}`;
  };

  assert.equal(key('took 12 ms'), key('took 9.5 s'));
  assert.equal(key('  took 12 ms'), key('took 12 ms'));
  assert.notEqual(key('took 12 ms'), key('took: 12 ms'));
  assert.notEqual(key('user alice'), key('user bob'));
});
