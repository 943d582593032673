import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor } from '../../../src/agent/redaction/index.ts';
import { PII_KINDS, REDACTION_DEFAULT } from '../../../src/contract/redaction.ts';

/*
 * Hostile texts: each is measured at one length and at eight times that. Quadratic work would take 64 times as long; the bound
 * between leaves room for a busy machine. Times are compared with each other, never with a clock on the wall, but for one generous bound
 * that a text which hangs would pass.
 */

const SHORT = 16 * 1024;
const FACTOR = 8;
const RATIO_MAX = 28;
const LONGEST_MS = 2_000;
const ROUNDS = 5;

const HEAD = `-----${'BEGIN'} PRIVATE KEY-----`;
const HOSTILE: Readonly<Record<string, string>> = {
  'a prefix of keys': 'sk-',
  'a prefix of keys with digits': 'sk-a1',
  'prefixes of tokens': 'ghp_xoxb-',
  'beginnings of tokens': 'eyJ-',
  'beginnings of tokens with dots': 'eyJhbGciOi.',
  'headers without payload': 'eyJabcdefghijkl.x-',
  'names and values': 'password=',
  'names, values and spaces': 'password= ',
  'names and opened calls': 'password=a(',
  'names and opened quotes': 'password="',
  'names and single quotes': "password=' ",
  'nested quotes': '"password":"\\"',
  'more and more backslashes': 'password=\\\\\\',
  'one long name': 'password_',
  'dotted names': 'a.password.',
  'beginnings of addresses': '://',
  'addresses without a host': 'postgres://a:b@',
  'addresses without an at sign': 'postgres://a:b/',
  'at signs': 'http://a:b@@',
  'headers of private keys': `${HEAD}\n`,
  'private keys without end': `${HEAD}\nMIIEpAIBAAKCAQEA`,
  bearers: 'Bearer ',
  authorizations: 'authorization: basic ',
  separators: 'pwd=a;',
  'colons and digits': '123456:AA',
  signatures: 'sig=',
  spaces: ' ',
  backslashes: '\\',
  escapes: '\\u0070',
  digits: '4111111111111',
  'grouped digits': '1 ',
  'letters and at signs': 'a@',
  'dots and at signs': 'a.@b.',
  'plus signs': '+1',
  'capitals and digits': 'DE89 ',
  Hebrew: 'סיסמה=',
};

const redactor = new Redactor({
  ...REDACTION_DEFAULT,
  pii: PII_KINDS,
  patterns: [{ name: 'evil', pattern: '(?:x+x+)+y' }],
});

for (const [name, piece] of Object.entries(HOSTILE)) {
  test(`time grows with the length of the line and no faster: ${name}`, () => {
    const short = piece.repeat(Math.ceil(SHORT / piece.length));
    const long = piece.repeat(Math.ceil((SHORT * FACTOR) / piece.length));
    redactor.redact(short, { text: short });

    const ratio = leastMs(long) / Math.max(leastMs(short), 0.05);

    assert.ok(ratio < RATIO_MAX, `${ratio.toFixed(1)} times as long for ${FACTOR} times the text`);
  });
}

test('nesting as deep as it gets is no trouble', () => {
  let context: Record<string, unknown> = { password: 'hunter2' };
  for (let depth = 0; depth < 400; depth++) context = { inner: context };

  const redacted = redactor.redact('m', context, JSON.stringify(context));

  assert.match(JSON.stringify(redacted?.context), /\{"password":"\[redacted:password\]"\}/);
});

function leastMs(text: string): number {
  const context = { text };
  const json = JSON.stringify(context);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    redactor.redact(text, context, json);
    least = Math.min(least, performance.now() - startedAt);
    assert.ok(least < LONGEST_MS, `took ${least} ms`);
  }
  return least;
}
