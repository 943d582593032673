import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'deploy/docker-compose.yml'), 'utf8');

interface Service {
  readonly image?: string;
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

const compose = parse(TEXT, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
  readonly networks: Readonly<Record<string, { internal?: boolean }>>;
};
const services = Object.entries(compose.services);

test('compose: every service drops its rights, says which version it is, and only the proxy’s ports leave the host’s inside', () => {
  for (const [name, service] of services) {
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.equal(service.privileged, undefined, name);
    assert.match(service.image ?? '', /^nervesys$|:\d/, name);
    if (service.ports !== undefined)
      assert.ok(
        service.ports.every((port) => /^(?:80:80|443:443)/.test(port)),
        name,
      );
  }
  for (const name of ['orchestrator', 'proxy', 'postgres']) assert.equal(compose.services[name]?.read_only, true, name);
  assert.equal(compose.networks['inner']?.internal, true);
  for (const name of ['postgres', 'vault', 'vault-init'])
    assert.deepEqual(compose.services[name]?.networks, ['inner'], name);
  assert.equal(compose.services['proxy']?.network_mode, 'service:orchestrator');
});

test('compose: what a service names is there, and no secret is written into it', () => {
  const volumes = Object.keys(compose.volumes);
  for (const [name, service] of services) {
    for (const volume of service.volumes ?? []) {
      const source = volume.split(':')[0] as string;
      assert.ok(
        source.startsWith('./') ? existsSync(join(ROOT, 'deploy', source)) : volumes.includes(source),
        `${name}: ${volume}`,
      );
    }
    const needed = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {});
    for (const other of needed) assert.ok(Object.hasOwn(compose.services, other), `${name} needs ${other}`);
    for (const [key, value] of Object.entries(service.environment ?? {}))
      if (/PASSWORD|SECRET|TOKEN|_KEY/.test(key)) assert.match(value, /^\/run\/|^\$\{\w+:-\}$/, `${name}: ${key}`);
  }
  assert.deepEqual(
    services
      .filter(([, { volumes: used }]) => used?.some((one) => one.startsWith('vault-keys:')))
      .map(([name]) => name),
    ['vault-init'],
    'whoever has the key of Vault has everything',
  );
});

test('the image runs as a user without rights, and copies only what exists', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  assert.ok(last.includes('USER node'));
  assert.deepEqual(
    last.filter((line) => /TOKEN|SECRET|PASSWORD/.test(line)),
    [],
  );
  const copied = last.flatMap((line) => /^COPY --from=build (.+) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
  assert.ok(copied.length >= 7);
  for (const path of copied.filter((one) => !/node_modules|dist/.test(one)))
    assert.ok(existsSync(join(ROOT, path.replace('/src/', ''))), path);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
test('shellcheck finds nothing in vault-init.sh', {
  skip: hasShellcheck ? false : 'shellcheck is not installed',
}, () => {
  const { status, stdout } = spawnSync('shellcheck', [join(ROOT, 'deploy/vault-init.sh')], { encoding: 'utf8' });

  assert.equal(status, 0, stdout);
});

const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
test('docker compose finds no mistake', { skip: hasCompose ? false : 'docker compose is not installed' }, () => {
  const { status, stderr } = spawnSync(
    'docker',
    ['compose', '-f', join(ROOT, 'deploy/docker-compose.yml'), 'config', '--quiet'],
    {
      encoding: 'utf8',
      env: { ...process.env, NERVESYS_HOSTNAME: 'nervesys.example.com' },
    },
  );

  assert.equal(status, 0, stderr);
});
