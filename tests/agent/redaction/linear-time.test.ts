import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor } from '../../../src/agent/redaction/index.ts';
import { PII_KINDS, REDACTION_DEFAULT } from '../../../src/contract/redaction.ts';

/*
 * Hostile texts: each is measured at one length and at eight times that, half a megabyte. Quadratic work would take 64 times as long; the bound between
 * leaves room for a busy machine. It is the thread's own time that is compared, never a clock on the wall, but for one generous bound that a
 * text which hangs would pass.
 */

const SHORT = 64 * 1024;
const FACTOR = 8;
const RATIO_MAX = 28;
const LONGEST_MS = 8_000;
/** Shorter times are mostly noise. */
const LEAST_MS = 4;
/** Only as many as it takes to see one that is good: what else runs on the machine only adds. */
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
  'Hebrew sentences': 'סיסמה של היא ',
  'Hebrew prefixes': 'מפתח ל-',
  'names in sentences': 'password is ',
  'sentences without end': 'the password is is is is is is is is ',
  'owners of passwords': 'password for ',
  'opened quotes in sentences': 'password is "',
  'values before their names': '"x as password',
  'named keys': 'secret access key: ',
  'commands without options': 'mysql -u',
  'commands with half an option': 'docker login -p',
  'commands of many arguments': 'htpasswd -b a ',
  'users without passwords': ' -u a',
  'users and colons': ' -u a:',
  'echoes without commands': 'echo a|sudo -S',
  'credentials of nobody': 'creds: a',
  logins: 'login a:',
  'headers of cookies': 'cookie:',
  'cookies without end': 'cookie: a=b;',
  'cookies that are secret': 'cookie: a=abcdefgh1jkl2mno3;',
  'near a vendor': 'discord M',
  'signatures by name': 'signature=0',
  'encoded addresses': '%3A%2F%2Fa%3A',
  'addresses of Go': 'a:b@tcp(',
  'commands of a protocol': 'PASS a1',
  'encoded keys': 'LS0tLS1CRUdJTi',
  'keys of PuTTY': 'Private-Lines: 1\n',
  'lists of names and values': '"auth":["a","',
  'elements and attributes': '<password a="b" ',
  'dots of a table': 'password........',
  collections: 'secrets":{"a":"',
  'middles of a secret': 'a8Q~',
  'values in calls': 'password=Some(',
  'encoded names': '%22password%22%3A%22',
  colours: '\u001b[31m',
  'lists of settings': '"name":"password","a":1,',
  'cells of a table': '| password |',
  'fields of a form': "fill('#password','",
  'codes in queries': 'azurewebsites?code=aB1',
  'ends of Base64': '=="',
  'keys in pairs': `AK${'IA'}ABCDEFGHIJKLMNOP `,
  'addresses with a slash in them': 'http://a:bC1/',
  'addresses with a slash, and an at sign far off': `${'http://a:bC1/'.repeat(38)}@`,
  'addresses of databases, and an at sign far off': `${'postgres://a:b/'.repeat(33)}@`,
  'lines with numbers behind a header': `${HEAD}${'\n1:'.repeat(40)}`,
  'lines in quotes': `${HEAD}\n"+"ABCD`,
  'examples of values': `password=your_${'a_'.repeat(70)} `,
  'basic credentials': 'Basic YTpi ',
  'options with a user': ' -a a:',
  'names of credentials called': 'setPassword(x="a1',
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

    let ratio = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS && ratio >= RATIO_MAX; round++)
      ratio = spentMs(long) / Math.max(Math.min(spentMs(short), spentMs(short)), LEAST_MS);

    assert.ok(ratio < RATIO_MAX, `${ratio.toFixed(1)} times as long for ${FACTOR} times the text`);
  });
}

test('nesting as deep as it gets is no trouble', () => {
  let context: Record<string, unknown> = { password: 'hunter2' };
  for (let depth = 0; depth < 400; depth++) context = { inner: context };

  const redacted = redactor.redact('m', context, JSON.stringify(context));

  assert.match(JSON.stringify(redacted?.context), /\{"password":"\[redacted:password\]"\}/);
});

function spentMs(text: string): number {
  const before = process.threadCpuUsage();
  redactor.redact(text, {});
  const { user, system } = process.threadCpuUsage(before);
  const ms = (user + system) / 1_000;
  assert.ok(ms < LONGEST_MS, `took ${ms} ms`);
  return ms;
}
