import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { formatComplaint } from '../../src/config/complaints.ts';
import { findCredentials } from '../../src/config/credentials.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../config');

/** Made here from parts, so that no scanner of this repository takes them for real ones. */
const join2 = (...parts: string[]) => parts.join('');
const RANDOM = 'q7Rk2Zx9Lm4Tn8Vb3Wc6Yd1Hf5Jg0Ps';

const CREDENTIALS: readonly (readonly [line: string, what: RegExp])[] = [
  [`# key: ${join2('AKIA', 'IOSFODNN7EXAMPLE')}`, /AWS access key/],
  [`  key: ${join2('ghp_', RANDOM.slice(0, 30), 'abcdef')}`, /GitHub token/],
  [`  - ${join2('sk-', 'ant-api03-', RANDOM)}`, /AI service/],
  [`description: use ${join2('xoxb-', '123456789012-', RANDOM)} to post`, /Slack/],
  [`url: https://${'hooks'}.slack.com/services/T00000000/B00000000/${RANDOM.slice(0, 24)}`, /Slack/],
  [`  ${join2('-----BEGIN ', 'RSA PRIVATE KEY-----')}`, /private key/],
  [`  ${join2('-----BEGIN ', 'PGP PRIVATE KEY BLOCK-----')}`, /private key/],
  [`url: https://discord.com/api/${'webhooks'}/123456789012345678/${RANDOM}${RANDOM}`, /address of a webhook/],
  [`# ntfy: ${join2('tk_', RANDOM.toLowerCase().slice(0, 29))}`, /ntfy/],
  [`mail: ${join2('SG.', RANDOM.slice(0, 22), '.', RANDOM)}`, /token of a service/],
  [`contains: 'Authorization: ${join2('Basic ', 'bmVydmVzeXM6aHVudGVyMmhvcnNl')}'`, /authorises/],
  ['smtp_pass: Xy7!kdkd9', /value of a secret \(smtp_pass\)/],
  [`routing_key: ${'0123456789abcdef'.repeat(2)}`, /value of a secret \(routing_key\)/],
  ['cache: redis://:hunter2horse@db.example.com', /password in an address/],
  [`database: postgres://nervesys:hunter2horse@db.example.com/nervesys`, /password in an address/],
  [`storj_secret_key: ${RANDOM}`, /value of a secret \(storj_secret_key\)/],
  [`{ name: x, api_key: "abc12345defg" }`, /value of a secret \(api_key\)/],
  [`# password = Tr0ub4dor&3`, /value of a secret/],
  [`token: ${join2('hvs.', RANDOM)}`, /Vault/],
  [`bot: ${join2('123456789:', 'AA', RANDOM, 'xyz')}`, /Telegram/],
  [`join: ${join2('nsv1.', RANDOM, RANDOM)}`, /Nervesys token/],
  [`something: ${RANDOM}Qa`, /random key/],
  [`file: /var/${RANDOM}Qa/x`, /random key/],
];

test('credentials are found in values and comments, at their place, and never shown', () => {
  for (const [line, what] of CREDENTIALS) {
    const found = findCredentials('agents/grok.yaml', `role: x\n${line}\n`);

    assert.equal(found.length, 1, line);
    const text = formatComplaint(found[0]!);
    assert.match(text, what);
    assert.equal(found[0]!.line, 2);
    const value = line.split(/[ "]/).findLast((word) => word.length > 8)!;
    assert.ok(!text.includes(value), `the complaint shows ${value}`);
  }
});

test('what belongs into a configuration is taken for no credential', () => {
  const lines = [
    'file: /var/log/grok/a-very-long-name-of-a-folder-2024/AND_more/file-*.log',
    'token_file: /run/secrets/token-file-of-2024',
    'secret: $STORJ_SECRET_KEY',
    'password: <your password 1>',
    'api_key: env:GROK_API_KEY_1',
    'when: { context: { tokens.total: { above: 100000 } } }',
    'tokens: 120000',
    'max_token: 128000tok',
    "pattern: 'password=[A-Za-z0-9]{8,}'",
    'description: the token budget of 100000 was spent; the secret is to wait',
    'file: /tmp/nervesys-tail-pd6SzQ/Watched0/pods_Grok-7d4F5c6B8-x2X9z/*.log',
    'endpoint: https://gateway.storjshare.io',
    'repository: git@github.com:owalai/nervesys-configuration-repository.git',
    'repository: https://github.com/OWALAI/Nervesys-Configuration-Repository-2025/tree/main',
    `signed_by: [ 'dana@example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHxkq2Zr7Lm4Tn8Vb3Wc6Yd1Hf5Jg0PsQaRtUvWx' ]`,
    'signed_by: [ 3AA5C34371567BD2E1A5C7D2F8B9A0C1D2E3F405 ]',
    'revision: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'servers: [AIGARDEN01, AIGARDEN02, AIGARDEN03, AIGARDEN04, AIGARDEN05]',
    'uuid: 123e4567-e89b-12d3-a456-426614174000',
    `folder_id: ${RANDOM}Qa`,
    `drive: { type: drive, "folder_id": "${RANDOM}Qa" }`,
    `integrity: sha512-${RANDOM}${RANDOM}==`,
    `description: ![icon](data:image/png;base64,iVBORw0KGgo${RANDOM}${RANDOM}=)`,
    'bypass: Route66abc',
    'contains: Bearer authentication-failed-for-user',
    `sample: ${RANDOM}Qa   # not a secret`,
  ];
  for (const line of lines) assert.deepEqual(findCredentials('x.yaml', line).map(formatComplaint), [], line);
  for (const file of readdirSync(EXAMPLE, { recursive: true }).map(String))
    if (/\.(yaml|json|md)$/.test(file))
      assert.deepEqual(findCredentials(file, readFileSync(join(EXAMPLE, file), 'utf8')).map(formatComplaint), [], file);
});

test('a hostile file takes no more than a moment, and its findings are bounded', () => {
  const hostile = [
    `a${'://'.repeat(80_000)}`,
    'A1b'.repeat(80_000),
    'password='.repeat(25_000),
    'eyJ'.repeat(80_000),
    '-'.repeat(250_000),
  ];
  for (const text of hostile) {
    const startedAt = performance.now();
    findCredentials('x.yaml', text);
    assert.ok(performance.now() - startedAt < 500, text.slice(0, 20));
  }
  assert.equal(findCredentials('x.yaml', 'password: abc12345x\n'.repeat(1_000)).length, 20);
});
