import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/index.ts';
import { complaintsOf, configFolder } from './folder.ts';

const settingsOf = async (t: Parameters<typeof configFolder>[0], text: string) =>
  (await loadConfig(await configFolder(t, { 'orchestrator.yaml': text }))).config.orchestrator;

test('no proxy is trusted unless it is named, by address or by network', async (t) => {
  assert.deepEqual((await settingsOf(t, 'tls: { mode: off }\n')).trustedProxies, []);
  const text = "trusted_proxies: [127.0.0.1, 10.0.0.0/8, '::1', 'fd00::/8']\n";
  assert.deepEqual((await settingsOf(t, text)).trustedProxies, ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8']);
});

test('what is no address of a proxy is refused with file, path, value and remedy', async (t) => {
  for (const value of ['10.0.0.0/33', '0.0.0.0/0', 'localhost', '*', '127.0.0.1:80', '10.0.0']) {
    const found = await complaintsOf(t, { 'orchestrator.yaml': `trusted_proxies: [127.0.0.1, '${value}']\n` });
    assert.equal(found.length, 1, value);
    const [at = '', ...words] = (found[0] ?? '').split(' ');
    assert.match(at, /^orchestrator\.yaml:1:\d+:$/, value);
    assert.ok(words.join(' ').startsWith(`trusted_proxies[1] is ${JSON.stringify(value)}; use `), found[0]);
    assert.match(found[0] ?? '', /such as 127\.0\.0\.1, 10\.0\.0\.0\/8/, value);
  }
  const [single] = await complaintsOf(t, { 'orchestrator.yaml': 'trusted_proxies: 127.0.0.1\n' });
  assert.match(single ?? '', /use a list of addresses/);
});

test('the compose file trusts the proxy that shares its network namespace', async (t) => {
  const compose = parse(readFileSync(join(import.meta.dirname, '../../deploy/docker-compose.yml'), 'utf8'));
  const { content } = compose.configs.orchestrator;

  const settings = await settingsOf(t, content.replace(/\$\{\w+\}/, 'nervesys.example.com'));

  assert.equal(compose.services.proxy.network_mode, 'service:orchestrator');
  assert.deepEqual(settings.trustedProxies, ['127.0.0.1']);
  assert.equal(settings.publicUrl, 'https://nervesys.example.com');
});
