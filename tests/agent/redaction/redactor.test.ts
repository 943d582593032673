import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor, Redactors, Suspects } from '../../../src/agent/redaction/index.ts';
import { encodeNdjson, encodeTextLine } from '../../../src/agent/sources/record-encoder.ts';
import type { AgentId, ServerName } from '../../../src/contract/ids.ts';
import { REDACTION_DEFAULT, type RedactionSettings } from '../../../src/contract/redaction.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const DEFAULTS = { server: SERVER, now: 0, agentId: 'GROK' as AgentId };

function redactorWith(settings: Partial<RedactionSettings> = {}): Redactor {
  return new Redactor({ ...REDACTION_DEFAULT, ...settings });
}

function fields(record: { readonly json: string }): {
  message: string;
  action: string;
  context: Record<string, unknown>;
} {
  return JSON.parse(`{${record.json}`);
}

test('a secret in a message is replaced, and the context names its kind', () => {
  const redacted = redactorWith().redact('login with password=hunter2 ok', { step: 1 });

  assert.deepEqual(redacted, {
    message: 'login with password=[redacted:password] ok',
    context: { step: 1, _redacted: ['password'] },
    kinds: ['password'],
  });
});

test('values under the name of a credential are replaced at any depth, whatever they look like', () => {
  const context = {
    db: { password: 'simple words here', host: 'db1', ports: [1, 2] },
    headers: { Authorization: 'Bearer abcdef123456', Accept: '*/*' },
    passwords: ['one', 'two'],
    pin: { password: 123456 },
    env: [{ name: 'DB_PASSWORD', value: 'x1' }],
    argv: ['mysql', '--password', 'letmein', '--host', 'db1'],
  };

  const redacted = redactorWith().redact('m', context, JSON.stringify(context));

  assert.deepEqual(redacted?.context, {
    db: { password: '[redacted:password]', host: 'db1', ports: [1, 2] },
    headers: { Authorization: 'Bearer [redacted:authorization]', Accept: '*/*' },
    passwords: ['[redacted:password]', '[redacted:password]'],
    pin: { password: '[redacted:password]' },
    env: [{ name: 'DB_PASSWORD', value: '[redacted:password]' }],
    argv: ['mysql', '--password', '[redacted:password]', '--host', 'db1'],
    _redacted: ['password', 'authorization'],
  });
  assert.equal(context.db.password, 'simple words here', 'what was handed in is not changed');
});

test('a private key is replaced line by line where its lines are a list', () => {
  const edge = (word: string) => `-----${word} PRIVATE KEY-----`;
  const lines = ['cat key', edge('BEGIN'), 'MIIEvQIBADANBgkqhkiG9w0B', 'AQEFAASCBKcwggSjAgEAAoIB', edge('END'), 'done'];

  const redacted = redactorWith().redact('m', { lines }, JSON.stringify({ lines }));

  const gone = '[redacted:private_key]';
  assert.deepEqual(redacted?.context['lines'], ['cat key', gone, gone, gone, gone, 'done']);
});

test('what a tool types into the field of a password is replaced, and words about the field stay', () => {
  const steps = [
    { selector: '#login input[type="password"]', text: 'Winter2024!' },
    { element: 'Password textbox', ref: 'e12', text: 'Winter2024!' },
    { label: 'Password', text: 'Forgot your password?' },
    { selector: '#user', text: 'bob42' },
  ];

  const redacted = redactorWith().redact('m', { steps }, JSON.stringify({ steps }));

  assert.deepEqual(redacted?.context['steps'], [
    { ...steps[0], text: '[redacted:password]' },
    { ...steps[1], text: '[redacted:password]' },
    steps[2],
    steps[3],
  ]);
});

test('a value one step below its name, or behind its name in a list, is replaced', () => {
  const secret = `${'wJalrXUtnFEMI'}/K7MDENG/${'bPxRfiCYzzzzEXKEY'}1`;
  const context = {
    settings: { aws_secret_access_key: { value: secret, slot: false } },
    argv: ['aws', 'configure', 'set', 'aws_secret_access_key', secret],
    columns: ['api_key', 'user_id', 'model_name'],
  };

  const redacted = redactorWith().redact('m', context, JSON.stringify(context));

  assert.deepEqual(redacted?.context, {
    settings: { aws_secret_access_key: { value: '[redacted:aws_secret_key]', slot: false } },
    argv: ['aws', 'configure', 'set', 'aws_secret_access_key', '[redacted:aws_secret_key]'],
    columns: ['api_key', 'user_id', 'model_name'],
    _redacted: ['aws_secret_key'],
  });
});

test('the names of secrets and the working directory are no secrets', () => {
  const context = {
    pwd: '/srv/agent/work',
    secret: 'projects/acme/secrets/openai-key/versions/3',
    note: 'arn:aws:secretsmanager:us-east-1:553912473724:secret:prod/db-AbCdE1',
  };

  assert.equal(redactorWith().redact('token_type=bearer expires_in=3600', context, JSON.stringify(context)), undefined);
});

test('a key __proto__ stays data when its context is redacted', () => {
  const context = JSON.parse('{"__proto__":{"password":"hunter2"}}') as Record<string, unknown>;

  const redacted = redactorWith().redact('m', context);

  assert.equal(
    JSON.stringify(redacted?.context),
    '{"__proto__":{"password":"[redacted:password]"},"_redacted":["password"]}',
  );
});

test('a record without a secret comes back untouched', () => {
  const redactor = redactorWith();

  assert.equal(redactor.redact('finished in 3 ms', { tokens: 12 }, '{"tokens":12}'), undefined);
  assert.deepEqual(redactor.counts, { records: 0, failed: 0 });
});

test('where the redactor fails nothing of the record is kept, and it is counted', () => {
  const redactor = redactorWith();
  const trap = {
    get password(): string {
      throw new Error('boom');
    },
  };

  const redacted = redactor.redact('password=hunter2', trap);

  assert.deepEqual(redacted, {
    message: '[redacted:unknown]',
    context: { _redacted: ['unknown'] },
    kinds: ['unknown'],
  });
  assert.deepEqual(redactor.counts, { records: 0, failed: 1 });
});

test('nothing is replaced where it is switched off, and only the kinds that are asked for', () => {
  assert.equal(redactorWith({ enabled: false }).redactText('password=hunter2'), 'password=hunter2');
  const only = redactorWith({ kinds: ['url_password'] });
  assert.equal(
    only.redactText('password=hunter2 http://a:b1@c'),
    'password=hunter2 http://a:[redacted:url_password]@c',
  );
  assert.equal(only.redact('m', { password: 'hunter2' }), undefined);
});

test('each AI agent is redacted by its own settings, and all are counted together', () => {
  const redactors = new Redactors(REDACTION_DEFAULT, [
    { agentId: 'GROK', redaction: { ...REDACTION_DEFAULT, enabled: false } },
    { agentId: 'GIMAI', redaction: { ...REDACTION_DEFAULT, pii: ['email'] } },
  ]);
  const text = 'bob@example.com password=hunter2';

  assert.equal(redactors.for('GROK').redact(text, {}), undefined);
  assert.equal(redactors.for('GIMAI').redact(text, {})?.message, '[redacted:email] password=[redacted:password]');
  assert.equal(redactors.for('OTHER').redact(text, {})?.message, 'bob@example.com password=[redacted:password]');
  assert.equal(redactors.counts.records, 2);
});

test('the encoder redacts lines in canonical form and others, in text and in JSON, without being told to', () => {
  const canonical =
    '{"timestamp":"2025-01-15T08:00:00.000Z","level":"info","agent_id":"GROK","action":"a","message":"m","context":{"password":"hunter2"}}';
  const clean = canonical.replace('"password"', '"passenger"');
  const body = Buffer.from(`${clean}\n${canonical}\n{"message":"pass\\u0077ord\\u003dhunter2"}\n${clean}\n`);

  const { records } = encodeNdjson(body, DEFAULTS);

  const [first, second, third, fourth] = records.map(fields);
  assert.deepEqual(first?.context, { passenger: 'hunter2' });
  assert.deepEqual(second?.context, { password: '[redacted:password]', _redacted: ['password'] });
  assert.equal(third?.message, 'password=[redacted:password]');
  assert.deepEqual(fourth?.context, { passenger: 'hunter2' });
  const line = encodeTextLine('plain password=hunter2', DEFAULTS);
  assert.equal(fields(line).message, 'plain password=[redacted:password]');
});

test('a secret that a bound would cut in two is replaced before', () => {
  const secret = `ghp${'_'}${'aB3'.repeat(12)}`;
  const record = encodeTextLine(`${'x '.repeat(32_750)}${secret} ${'y'.repeat(2_000)}`, DEFAULTS);

  const { message, context } = fields(record);

  assert.ok(!message.includes('aB3aB3'));
  assert.deepEqual(context['_redacted'], ['github_token']);
  assert.deepEqual(context['_truncated'], ['message']);
});

test('a context that is cut keeps the note of what was replaced', () => {
  const record = encodeNdjson(
    Buffer.from(`${JSON.stringify({ message: 'm', context: { password: 'hunter2', big: 'z'.repeat(300_000) } })}\n`),
    DEFAULTS,
  ).records[0]!;

  const { context } = fields(record);

  assert.deepEqual(context['_redacted'], ['password']);
  assert.deepEqual(context['_truncated'], ['context']);
  assert.equal(context['password'], '[redacted:password]');
});

test('an action is redacted too', () => {
  const [record] = encodeNdjson(Buffer.from('{"message":"m","action":"login password=hunter2"}\n'), DEFAULTS).records;

  assert.equal(fields(record!).action, 'login password=[redacted:password]');
});

test('personal data is replaced where it is asked for, and only with a right check digit', () => {
  const redactor = redactorWith({ pii: ['email', 'phone', 'iban', 'israeli_id', 'credit_card'] });
  const cases: readonly (readonly [string, string])[] = [
    ['mail bob.smith+x@mail.example.co.il now', 'mail [redacted:email] now'],
    ['git@github.com:a/b.git https://bob@example.com/x', 'git@github.com:a/b.git https://bob@example.com/x'],
    ['iban nl91abna0417164300 or NL91-ABNA-0417-1643-00', 'iban [redacted:iban] or [redacted:iban]'],
    ['call 00972-54-1234567', 'call [redacted:phone]'],
    ['call +972-54-123-4567 or 054-1234567', 'call [redacted:phone] or [redacted:phone]'],
    ['call (212) 555-0123', 'call [redacted:phone]'],
    ['pay to DE89 3704 0044 0532 0130 00 today', 'pay to [redacted:iban] today'],
    ['pay to GB82WEST12345698765432', 'pay to [redacted:iban]'],
    ['pay to GB82WEST12345698765433', 'pay to GB82WEST12345698765433'],
    ['ת״ז 123456782 נרשם', 'ת״ז [redacted:israeli_id] נרשם'],
    ['ת״ז 123456783 נרשם', 'ת״ז 123456783 נרשם'],
    ['card 4111 1111 1111 1111 ok', 'card [redacted:credit_card] ok'],
    ['card 4111-1111-1111-1112 no', 'card 4111-1111-1111-1112 no'],
    ['at 2025-01-15T08:00:00.123Z seq 1234567 git@host', 'at 2025-01-15T08:00:00.123Z seq 1234567 git@host'],
  ];

  for (const [text, expected] of cases) assert.equal(redactor.redactText(text), expected);
  assert.deepEqual(redactor.redact('m', { card: 4111111111111111 })?.context['card'], '[redacted:credit_card]');
  assert.equal(redactorWith().redactText(cases[0]![0]), cases[0]![0]);
});

test('patterns of the configuration are replaced under their names, also over a secret', () => {
  const redactor = redactorWith({ patterns: [{ name: 'employee', pattern: '\\bEMP-\\d{6}\\b' }] });
  const suspects = new Suspects(Buffer.from('x'));

  assert.equal(redactor.redactText('EMP-123456 EMP-1'), '[redacted:employee] EMP-1');
  assert.equal(redactor.redactText('password=EMP-123456'), 'password=[redacted:password]');
  assert.ok(redactor.mayHoldBytes(0, 1, suspects));
});
