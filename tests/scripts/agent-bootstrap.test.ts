import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleAgent } from '../../scripts/bundle-agent.ts';
import { formatToken, parseToken } from '../../src/contract/enrolment.ts';
import type { TokenAnswer } from '../../src/contract/fleet.ts';
import { joinCommands } from '../../src/contract/join-command.ts';
import type { OrchestratorOptions } from '../../src/orchestrator/orchestrator.ts';
import { httpRequest } from '../../src/platform/http-request.ts';
import { pemSha256 } from '../../src/platform/peer-certificate.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { isAlive } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'scripts/agent_bootstrap.sh');
/** What a bare host has: a shell, the usual small programs, and no Node. */
const TOOLS =
  'sh cat tr grep sed head tail cut id uname readlink ln mv cp rm rmdir mkdir chmod cmp sleep date mktemp dirname nohup base64 sha256sum openssl awk curl';

const hasWget = spawnSync('wget', ['--version']).status === 0;
const noWget = hasWget ? false : 'wget is not installed';

let postgres: TestPostgres;
let folder: string;
let bundle: string;
let bare: string;
/** The same with `wget` in the place of `curl`. */
let bareWget: string;

before(async (t) => {
  folder = await tempDir(t as Parameters<typeof tempDir>[0]);
  bundle = join(folder, 'nervesys-agent.cjs');
  bare = await folderOf('bin', TOOLS);
  if (hasWget) bareWget = await folderOf('bin-wget', TOOLS.replace('curl', 'wget'));
  [postgres] = await Promise.all([TestPostgres.start(), bundleAgent(bundle)]);
});
after(() => postgres.close());

/** A folder with these programs and no others. */
async function folderOf(name: string, tools: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  for (const tool of tools.split(' '))
    await symlink(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(path, tool));
  return path;
}

async function openOrchestrator(t: TestContext, more: Partial<OrchestratorOptions> = {}): Promise<TestOrchestrator> {
  return TestOrchestrator.open(t, await postgres.database(), {
    ...more,
    agentFiles: {
      bundle: () => Promise.resolve(bundle),
      node: process.execPath,
      unit: join(ROOT, 'deploy/systemd/nervesys-agent.service'),
      bootstrap: SCRIPT,
    },
  });
}

/** A host that is a folder; nothing outside it is written. */
class Host {
  readonly prefix: string;
  readonly program: string;
  readonly state: string;
  readonly environmentFile: string;
  /** Where its `mktemp` makes files. */
  readonly temporary: string;
  /** What `ps` would have shown meanwhile. */
  arguments = '';

  private constructor(prefix: string) {
    this.prefix = prefix;
    this.temporary = join(prefix, 'my tmp');
    const isRoot = process.getuid?.() === 0;
    this.program = join(prefix, isRoot ? 'opt/nervesys' : 'h/.local/share/nervesys-agent');
    this.state = join(prefix, isRoot ? 'var/lib/nervesys' : 'h/.local/share/nervesys');
    this.environmentFile = join(prefix, isRoot ? 'etc/nervesys/agent.env' : 'h/.config/nervesys/agent.env');
  }

  static async make(t: TestContext): Promise<Host> {
    let made: Host | undefined;
    // Before the folder's own end, which takes the file with the process's number away.
    t.after(() => {
      const pid = made?.pid;
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    const host = new Host(await tempDir(t, 'nervesys-host-'));
    made = host;
    // A free port for its agent, since the usual one may be taken on the machine that tests.
    const probe = http.createServer();
    await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
    const { port } = probe.address() as AddressInfo;
    await new Promise((done) => probe.close(done));
    await mkdir(host.temporary);
    await mkdir(join(host.state, 'config/agents'), { recursive: true });
    await writeFile(join(host.state, 'config/agents/_defaults.yaml'), `listen: { port: ${port} }\n`);
    return host;
  }

  /** As a token's use has left it where root installs; elsewhere the file with the key says it. */
  async rememberOrchestrator(url: string, pem: string): Promise<void> {
    const folder = join(this.environmentFile, '..');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'orchestrator.url'), `${url}\n`);
    await writeFile(join(folder, 'orchestrator.pem'), pem);
  }

  get pid(): number | undefined {
    const path = join(this.program, 'agent.pid');
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
  }

  /** As somebody does whose agent has ended, with the installed program. */
  startByHand(): void {
    const child = spawn(join(this.program, 'bin/node'), [join(this.program, 'nervesys-agent.cjs'), 'agent'], {
      env: { PATH: bare, HOME: '/h', NERVESYS_HOME: this.state },
      stdio: 'ignore',
    });
    writeFileSync(join(this.program, 'agent.pid'), `${child.pid}\n`);
  }

  get installed(): readonly string[] {
    return existsSync(this.program)
      ? readdirSync(this.program, { recursive: true })
          .map(String)
          .filter((name) => /node$|cjs/.test(name))
      : [];
  }

  run(args: readonly string[], more: Record<string, string> = {}, path = bare) {
    return this.#run([SCRIPT, ...args], more, path);
  }

  /** What a person does: the text into a shell, and Enter. */
  paste(command: string, path = bare) {
    return this.#run([], { TMPDIR: this.temporary }, path, `${command}\n`);
  }

  async #run(
    args: readonly string[],
    more: Record<string, string>,
    path: string,
    input = '',
  ): Promise<{ code: number; output: string }> {
    const child = spawn(join(bare, 'sh'), args, {
      env: { PATH: path, HOME: '/h', NERVESYS_PREFIX: this.prefix, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(input);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    let polls = 0;
    await until(
      'the script ends',
      () => {
        if (++polls % 5 === 1) this.arguments += commandLines();
        return child.exitCode !== null;
      },
      60_000,
    );
    return { code: child.exitCode as number, output };
  }
}

function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => spawnSafe(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))).join('\n');
}

function spawnSafe(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // the process has ended
  }
}

/** An HTTP(S) server before the orchestrator that may change what passes. */
async function between(
  t: TestContext,
  url: string,
  change: (path: string, body: Buffer) => Buffer,
  tls?: { readonly key: string; readonly cert: string },
): Promise<string> {
  const serve: http.RequestListener = async (request, response) => {
    const answer = await fetch(url + request.url, { headers: { authorization: request.headers.authorization ?? '' } });
    response.writeHead(answer.status);
    response.end(change(request.url ?? '', Buffer.from(await answer.arrayBuffer())));
  };
  const server = tls === undefined ? http.createServer(serve) : https.createServer(tls, serve);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a bare host becomes a server of the fleet; again changes nothing; uninstalled it keeps what waits', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const host = await Host.make(t);
  const { token } = await orchestrator.orchestrator.createToken({ server: 'AIGARDEN09' });
  const environment = { NERVESYS_TOKEN: token, NERVESYS_SERVER: 'AIGARDEN09' };

  const first = await host.run([], environment);
  assert.equal(first.code, 0, first.output);
  assert.match(first.output, /This server is AIGARDEN09/);
  assert.match(first.output, /nothing starts it again after a reboot/);
  const { pid } = host;
  assert.ok(pid !== undefined && isAlive(pid));
  assert.equal(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0], join(host.program, 'bin/node'));
  await until('it is in the fleet', async () =>
    (await orchestrator.ask('GET', '/api/v1/fleet')).json.servers.some(
      (one: { server: string }) => one.server === 'AIGARDEN09',
    ),
  );
  assert.equal(statSync(host.environmentFile).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(host.environmentFile, 'utf8'), /TOKEN/, 'the token stays on the host');

  const second = await host.run([], environment); // with the token that is used up, as a script that runs everywhere does
  assert.equal(second.code, 0, second.output);
  assert.equal(host.pid, pid, 'a running agent was disturbed for nothing');

  const key = JSON.parse(readFileSync(join(host.state, 'agent/agent.key'), 'utf8')).key as string;
  for (const secret of [token, parseToken(token)?.secret as string, key]) {
    assert.ok(!host.arguments.includes(secret), 'a secret among the arguments of a process');
    assert.ok(!`${first.output}${second.output}`.includes(secret), 'a secret was printed');
  }
  const removed = await host.run(['--uninstall']);
  assert.equal(removed.code, 0, removed.output);
  assert.equal(isAlive(pid), false);
  assert.equal(existsSync(host.program), false);
  assert.ok(existsSync(join(host.state, 'agent/buffer.db')), 'what waits was thrown away');
  const purged = await host.run(['--uninstall', '--purge']);
  assert.equal(purged.code, 0, purged.output);
  assert.equal(existsSync(join(host.state, 'agent')), false);
});

test('a host whose agent has upgraded itself is known by the script: run again it installs what is handed out, and ends the right process', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const host = await Host.make(t);
  const { token } = await orchestrator.orchestrator.createToken();
  const withNode = `${bare}:${join(process.execPath, '..')}`;
  assert.equal((await host.run([], { NERVESYS_TOKEN: token, NERVESYS_SERVER: 'AIGARDEN13' }, withNode)).code, 0);
  const upgraded = `${readFileSync(bundle, 'utf8')}//newer\n`;
  const sha256 = createHash('sha256').update(upgraded).digest('hex');
  const folder = join(host.state, 'program');
  await mkdir(folder);
  await writeFile(join(folder, `nervesys-agent-${sha256.slice(0, 12)}.cjs`), upgraded);
  await writeFile(join(folder, 'upgrade.json'), JSON.stringify({ current: { sha256, version: '9.0.0' } }));
  const { pid: before } = host;
  process.kill(before!, 'SIGTERM');
  await until('the agent ends', () => !isAlive(before!), 20_000);
  host.startByHand();
  const { pid } = host;
  await until('the upgraded one runs', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder), 20_000);

  const again = await host.run([], {}, withNode);

  assert.equal(again.code, 0, again.output);
  assert.equal(isAlive(pid!), false, 'two agents run');
  assert.equal(existsSync(folder), false);
  assert.ok(readFileSync(`/proc/${host.pid}/cmdline`, 'utf8').includes(host.program));
  assert.equal((await host.run(['--uninstall'], {}, withNode)).code, 0);
});

test('a host that has Node 24 uses its own, and a token that is no good installs nothing and says why', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const host = await Host.make(t);
  const withNode = `${bare}:${join(process.execPath, '..')}`;
  const secret = 'Sx'.repeat(21).concat('y');
  const unknown = formatToken({ url: orchestrator.url, secret, fingerprint: null });
  const expired = await orchestrator.orchestrator.createToken();
  await orchestrator.ask('DELETE', `/api/v1/tokens/${expired.id}`);

  const refusals = [
    await host.run([], { NERVESYS_TOKEN: unknown }, withNode),
    await host.run([], { NERVESYS_TOKEN: expired.token }, withNode),
    await host.run([], { NERVESYS_TOKEN: `nsv1.${secret}` }, withNode),
    await host.run([], {}, withNode),
    await host.run([unknown], {}, withNode),
  ];

  for (const [index, words] of [
    /NSV_TOKEN_UNKNOWN/,
    /NSV_TOKEN_REVOKED/,
    /not a Nervesys token/,
    /NERVESYS_TOKEN is not set/,
    /never as an argument/,
  ].entries()) {
    assert.equal(refusals[index]!.code, 1);
    assert.match(refusals[index]!.output, words);
    assert.ok(!refusals[index]!.output.includes(secret));
  }
  assert.deepEqual(host.installed, []);
  const { token } = await orchestrator.orchestrator.createToken();
  const joined = await host.run([], { NERVESYS_TOKEN: token, NERVESYS_SERVER: 'AIGARDEN10' }, withNode);
  assert.equal(joined.code, 0, joined.output);
  assert.match(joined.output, /which is here already/);
  assert.equal((await host.run(['--uninstall'])).code, 0);
});

test('what does not hash as announced is thrown away, and nothing is started', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const host = await Host.make(t);
  const url = await between(t, orchestrator.url, (path, body) =>
    path.endsWith('/bundle') ? Buffer.concat([body, Buffer.from('//x')]) : body,
  );
  const { token } = await orchestrator.orchestrator.createToken();
  const forged = formatToken({ url, secret: parseToken(token)!.secret, fingerprint: null });

  const { code, output } = await host.run([], { NERVESYS_TOKEN: forged }, `${bare}:${join(process.execPath, '..')}`);

  assert.equal(code, 1, output);
  assert.match(output, /bundle is not what the orchestrator announced/);
  assert.deepEqual(host.installed, ['bin/node']);
  assert.equal(host.pid, undefined);
});

test('an orchestrator with a certificate of its own is believed by the fingerprint in the token, and another is not', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const { host, tls, fingerprint } = await withCertificate(t);
  const pem = tls.cert;
  const url = await between(t, orchestrator.url, (_, body) => body, tls);
  const secret = 'Sx'.repeat(21).concat('y');

  const right = await host.run([], { NERVESYS_TOKEN: formatToken({ url, secret, fingerprint }) });
  const wrong = await host.run([], { NERVESYS_TOKEN: formatToken({ url, secret, fingerprint: 'ab'.repeat(32) }) });
  await mkdir(join(host.state, 'agent'), { recursive: true });
  const joined = { url, key: secret, server: 'AIGARDEN12', authority: pem };
  await writeFile(join(host.state, 'agent/agent.key'), JSON.stringify(joined));
  await host.rememberOrchestrator(url, pem);
  const again = await host.run([]);

  assert.match(right.output, /NSV_TOKEN_UNKNOWN/);
  assert.match(again.output, /NSV_TOKEN_UNKNOWN/, 'by the certificate that the agent keeps');
  assert.match(wrong.output, /is not the one that the token names/);
  assert.equal(wrong.code, 1);
});

test('what root installs comes from the orchestrator of a token, whatever the agent writes beside its key', {
  skip: process.getuid?.() === 0 ? false : 'only root installs for another user',
}, async (t) => {
  const orchestrator = await openOrchestrator(t);
  const host = await Host.make(t);
  const { token } = await orchestrator.orchestrator.createToken();
  const installed = await host.run([], { NERVESYS_TOKEN: token, NERVESYS_SERVER: 'AIGARDEN13' });
  assert.equal(installed.code, 0, installed.output);
  const asked: string[] = [];
  const url = await between(t, orchestrator.url, (path, body) => {
    asked.push(path);
    return body;
  });
  const keyFile = join(host.state, 'agent/agent.key');
  const key = JSON.parse(readFileSync(keyFile, 'utf8'));

  for (const forged of [
    { ...key, url },
    { ...key, authority: 'of somebody else' },
    { url, key: '', server: 'x' },
  ]) {
    await writeFile(keyFile, JSON.stringify(forged));
    await host.run([]);
  }

  assert.deepEqual(asked, []);
  await writeFile(keyFile, JSON.stringify(key));
  const again = await host.run([]);
  assert.equal(again.code, 0, again.output);
});

test('only a good token or a server’s own key opens the files, and they hash as the manifest says', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const { token } = await orchestrator.orchestrator.createToken({ uses: 1 });
  const secret = parseToken(token)!.secret;
  const get = (name: string, key: string | null, headers: Record<string, string> = {}) =>
    orchestrator.ask('GET', `/api/v1/agent/${name}`, { key, headers });

  for (const name of ['manifest', 'bundle', 'node', 'unit']) {
    assert.equal((await get(name, null)).json.code, 'NSV_UNAUTHORIZED', name);
    assert.equal((await get(name, null, { cookie: await orchestrator.signIn() })).status, 401, name);
    assert.equal((await get(name, 'A'.repeat(43))).json.code, 'NSV_TOKEN_UNKNOWN', name);
  }
  const manifest = (await get('manifest', secret)).json;
  const unit = await get('unit', secret);
  const file = await fetch(`${orchestrator.url}/api/v1/agent/bundle`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  const bytes = Buffer.from(await file.arrayBuffer());
  const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
  assert.deepEqual(
    [manifest.bundle_sha256, manifest.bundle_bytes, manifest.unit_sha256],
    [sha256(readFileSync(bundle)), bytes.length, sha256(unit.text)],
  );
  assert.equal(sha256(bytes), manifest.bundle_sha256);
  const answer = await orchestrator.ask('POST', '/api/v1/enroll', {
    key: null,
    body: { secret, server: 'AIGARDEN11', agent_version: '0.1.0', boot_id: null },
  });
  assert.equal((await get('manifest', secret)).json.code, 'NSV_TOKEN_USED');
  assert.equal((await get('manifest', answer.json.key)).status, 200);
  const script = await get('bootstrap.sh', null);
  assert.equal(script.text, readFileSync(SCRIPT, 'utf8'), 'the script is for everybody');
});

/** Each question is a TLS handshake: asked without a pause they take a whole core from what is measured. */
const ASK_EACH_MS = 100;

// Where Node 24 is there the promise is kept whatever else this machine does; Node's 120 MB take what the network gives.
for (const [programs, skip, path, tookMsMax] of [
  ['curl and Node 24', false, () => `${bare}:${join(process.execPath, '..')}`, 5_000],
  ['curl', false, () => bare, 15_000],
  ['wget', noWget, () => bareWget, 15_000],
] as const) {
  test(`the printed command, pasted into a bare host with ${programs}, makes it a server under an authority no host knows`, {
    skip,
  }, async (t) => {
    const orchestrator = await openOrchestrator(t, { host: '0.0.0.0' });
    const host = await Host.make(t);
    const startedAt = performance.now();
    const token = await createToken(orchestrator, { server: 'AIGARDEN13' });
    const command = joinCommands(token, 'AIGARDEN13', 'nervesys agent').install ?? assert.fail('there is a command');
    assert.match(orchestrator.url, /^https:/);

    const beating = until('its heartbeat is in the fleet', async () => {
      await sleep(ASK_EACH_MS);
      const { agents } = (await ask(orchestrator, 'GET', '/api/v1/fleet')) as { agents: { server: string }[] };
      return agents.some(({ server }) => server === 'AIGARDEN13');
    }).then(() => performance.now() - startedAt);
    const { code, output } = await host.paste(command, path());
    const tookMs = await beating;

    assert.equal(code, 0, output);
    assert.match(output, /This server is AIGARDEN13/);
    t.diagnostic(`from the token to the heartbeat: ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < tookMsMax, `from the token to the heartbeat: ${tookMs} ms`);
    for (const secret of [token.token, parseToken(token.token)!.secret]) {
      assert.ok(!host.arguments.includes(secret), 'a secret among the arguments of a process');
      assert.ok(!output.includes(secret), 'a secret was printed');
    }
    assert.deepEqual(readdirSync(host.temporary), [], 'something was left behind');
    const kept = /Remove it with: sh (\S+) --uninstall/.exec(output)?.[1] ?? assert.fail(output);
    const removed = await host.paste(`sh ${kept} --uninstall`);
    assert.equal(removed.code, 0, removed.output);
    assert.equal(existsSync(host.program), false);
  });
}

test('a script that somebody on the way has changed is refused by the printed command before anything of it runs', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const { host, tls, fingerprint } = await withCertificate(t);
  const marker = join(host.prefix, 'it-ran');
  const asked: string[] = [];
  const url = await between(
    t,
    orchestrator.url,
    (path, body) => {
      asked.push(path);
      return path.endsWith('bootstrap.sh') ? Buffer.concat([Buffer.from(`echo >'${marker}'\n`), body]) : body;
    },
    tls,
  );
  const token = await createToken(orchestrator);
  const { install } = joinCommands({ ...token, url, fingerprint }, null, 'nervesys agent');

  const hosts = hasWget ? [bare, bareWget] : [bare];
  for (const path of hosts) {
    const { code, output } = await host.paste(install ?? assert.fail('there is a command'), path);

    assert.equal(code, 1, output);
    assert.match(output, /FAILED/);
    assert.equal(existsSync(marker), false, 'a line of it ran');
  }
  assert.deepEqual(
    asked,
    hosts.map(() => '/api/v1/agent/bootstrap.sh'),
  );
  assert.deepEqual(host.installed, []);
  assert.deepEqual(readdirSync(host.temporary), []);
});

test('a certificate that the host does not trust is fetched from only where the token names it', async (t) => {
  const orchestrator = await openOrchestrator(t);
  const { host, tls, fingerprint } = await withCertificate(t);
  const url = await between(t, orchestrator.url, (_, body) => body, tls);
  const token = await createToken(orchestrator);
  const install = (named: string | null) =>
    joinCommands({ ...token, url, fingerprint: named }, null, 'nervesys agent').install ?? assert.fail('no command');

  const publicly = await host.paste(install(null));
  const named = await host.paste(install(fingerprint));

  assert.notEqual(publicly.code, 0);
  assert.match(publicly.output, /certificate/);
  assert.match(named.output, /: OK\n/, 'the script is what the orchestrator told');
});

/** Over TLS too, whose authority this process doesn't know. */
async function ask(orchestrator: TestOrchestrator, method: string, path: string, body?: unknown): Promise<unknown> {
  const { authority } = orchestrator.orchestrator;
  const response = await httpRequest({
    method,
    url: orchestrator.url + path,
    headers: { authorization: `Bearer ${orchestrator.adminKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(authority === undefined ? {} : { authority }),
  });
  return JSON.parse(response.body.toString());
}

async function createToken(orchestrator: TestOrchestrator, body: object = {}): Promise<TokenAnswer> {
  return (await ask(orchestrator, 'POST', '/api/v1/tokens', body)) as TokenAnswer;
}

/** A host, and a certificate for this machine that no authority knows. */
async function withCertificate(t: TestContext) {
  const host = await Host.make(t);
  const [key, cert] = [join(host.prefix, 'key.pem'), join(host.prefix, 'cert.pem')];
  const made = spawnSync('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=nervesys'.split(' '),
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  const pem = readFileSync(cert, 'utf8');
  return { host, tls: { key: readFileSync(key, 'utf8'), cert: pem }, fingerprint: pemSha256(pem) ?? '' };
}

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
test('shellcheck finds nothing in the script', { skip: hasShellcheck ? false : 'shellcheck is not installed' }, () => {
  const { status, stdout } = spawnSync('shellcheck', [SCRIPT], { encoding: 'utf8' });

  assert.equal(status, 0, stdout);
});
