import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/index.ts';
import { complaintsOf, configFolder } from './folder.ts';

const complaints = (t: Parameters<typeof complaintsOf>[0], text: string) =>
  complaintsOf(t, { 'orchestrator.yaml': text });

test('plain HTTP beyond this machine is refused with file, path, value and remedy, unless it is asked for by name', async (t) => {
  const [complaint, ...more] = await complaints(t, 'listen: { host: 0.0.0.0 }\ntls: { mode: off }\n');

  assert.deepEqual(more, []);
  assert.match(complaint ?? '', /^orchestrator\.yaml:1:\d+: listen\.host is 0\.0\.0\.0 with tls\.mode off/);
  assert.match(complaint ?? '', /allow_plain_http: true/);
  for (const host of ['0.0.0.0', "'::'", '192.168.1.4', 'nervesys.internal', '127.evil.example.com'])
    assert.equal((await complaints(t, `listen: { host: ${host} }\ntls: { mode: off }\n`)).length, 1, host);
  for (const host of ['127.0.0.1', '127.1.2.3', "'::1'", 'localhost'])
    assert.deepEqual(await complaints(t, `listen: { host: ${host} }\ntls: { mode: off }\n`), [], host);
  assert.deepEqual(await complaints(t, 'listen: { host: 0.0.0.0 }\ntls: { mode: off, allow_plain_http: true }\n'), []);
  assert.deepEqual(await complaints(t, 'listen: { host: 0.0.0.0 }\n'), [], 'auto is TLS there');
});

test('settings of tls that contradict each other are named', async (t) => {
  const cases: readonly [text: string, paths: readonly string[]][] = [
    ['tls: { mode: certificate }', ['tls.certificate is missing', 'tls.key is missing']],
    ['tls: { certificate: /a.pem, key: /b.pem }', ['tls.certificate is given', 'tls.key is given']],
    ['tls: { allow_plain_http: true }', ['tls.allow_plain_http is true']],
    ['tls: { names: ["*.example.com"] }', ['tls.names[0]']],
    ['listen: { host: 0.0.0.0 }\npublic_url: http://nervesys.example.com', ['public_url is http:']],
    ['tls: { mode: on }', ['tls.mode']],
  ];

  for (const [text, paths] of cases) {
    const found = await complaints(t, `${text}\n`);
    assert.equal(found.length, paths.length, `${text}: ${found}`);
    for (const [index, path] of paths.entries()) assert.ok(found[index]?.includes(path), `${found[index]} has ${path}`);
  }
});

test('without a word on tls it is auto', async (t) => {
  const dir = await configFolder(t, { 'orchestrator.yaml': 'listen: { host: 10.0.0.4 }\n' });

  const { config } = await loadConfig(dir);

  const { mode, names, allowPlainHttp } = config.orchestrator.tls;
  assert.deepEqual([mode, names, allowPlainHttp], ['auto', [], false]);
});
