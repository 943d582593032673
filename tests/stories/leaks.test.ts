import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatToken, parseToken } from '../../src/contract/enrolment.ts';
import { S3Server } from '../servers/s3-server.ts';
import { VaultServer } from '../servers/vault-server.ts';
import { TestPostgres } from '../support/postgres.ts';
import { freshEnvironment, MAIN, postLogs, RunningSystem } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/*
 * Marked secrets are planted wherever Nervesys keeps or gets one, real processes run with them at debug level, well and badly, and
 * then everything that comes out is searched for the marks: logs, errors, answers, commands, process arguments, tables and files.
 */

/** Long and of no known form, so that no redaction finds it by its looks. */
const mark = (name: string) => `Mk${name}${'q7Zw'.repeat(8)}`;

/** What came out, by where. */
class Outputs {
  readonly #texts = new Map<string, string>();

  add(where: string, text: string): void {
    this.#texts.set(where, `${this.#texts.get(where) ?? ''}${text}\n`);
  }

  /** `place: secret` for each mark that is found, also as base64, percent-encoded or in JSON. */
  leaks(secrets: Readonly<Record<string, string>>): string[] {
    return [...this.#texts].flatMap(([where, text]) =>
      Object.entries(secrets).flatMap(([name, secret]) => {
        const forms = [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), encodeURIComponent(secret)];
        return forms.some((form) => text.includes(form)) ? [`${where}: ${name}`] : [];
      }),
    );
  }
}

function run(args: readonly string[], env: Record<string, string>): Promise<string> {
  return new Promise((done) =>
    execFile(process.execPath, [MAIN, ...args], { env, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      done(`${stdout}${stderr}exit ${error?.code ?? 0}`),
    ),
  );
}

/** The arguments of every process of this machine. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // it has ended
      }
    })
    .join('\n');
}

/** Every small file below a folder, but those that are there to hold a secret. */
function filesBelow(folder: string): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.key$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, text: readFileSync(path, 'latin1') }));
}

test('no secret comes out anywhere: logs, errors, answers, commands, process arguments, tables, files', async (t) => {
  const planted: Record<string, string> = {
    'key of the archive': mark('storj'),
    'password of the database': mark('dbpass'),
    'role id': mark('role'),
    'secret id': mark('secretid'),
    'password in a record': mark('inrecord'),
    'unknown token': mark('unknowntoken'),
    'unknown key': mark('unknownkey'),
    'unknown cookie': mark('unknowncookie'),
    'address of a channel': mark('channel'),
    'address of the dead man': mark('deadman'),
    'wrong key of the archive': mark('wrongstorj'),
    'wrong secret id': mark('wrongsecretid'),
    'wrong password of the database': mark('wrongdbpass'),
  };
  const secret = (name: string) => planted[name] as string;
  const outputs = new Outputs();
  const [home, agentHome, strangerHome, files] = [
    await tempDir(t),
    await tempDir(t),
    await tempDir(t),
    await tempDir(t),
  ];
  const postgres = await TestPostgres.start();
  t.after(() => postgres.close());
  const s3 = await S3Server.start({ secretKey: secret('key of the archive') });
  t.after(() => s3[Symbol.asyncDispose]());
  const vault = await VaultServer.start();
  t.after(() => vault.close());
  vault.roleId = secret('role id');
  vault.secretId = secret('secret id');
  const database = await postgres.database();
  const { host, port, user } = postgres.server.connection();
  const databaseUrl = (password: string) =>
    `postgres://${user}:${password}@localhost:${port}/${postgres.lastName}?host=${encodeURIComponent(String(host))}`;
  vault.put('nervesys', {
    DATABASE_URL: databaseUrl(secret('password of the database')),
    STORJ_ACCESS_KEY: s3.accessKey,
  });
  const archive = { STORJ_BUCKET: s3.bucket, STORJ_ENDPOINT: s3.endpoint, STORJ_REGION: s3.region };
  await writeFile(join(files, 'storj'), secret('key of the archive'), { mode: 0o600 });
  await writeFile(join(files, 'secret-id'), secret('secret id'), { mode: 0o600 });
  const central = {
    NERVESYS_DEBUG: '1',
    VAULT_ADDR: vault.address,
    VAULT_ROLE_ID: vault.roleId,
    VAULT_SECRET_ID_FILE: join(files, 'secret-id'),
    STORJ_SECRET_KEY_FILE: join(files, 'storj'),
    // Nothing listens there, so both fail and have to say so.
    NERVESYS_CHANNEL_CHAT_SECRET: `http://127.0.0.1:9/services/${secret('address of a channel')}`,
    NERVESYS_DEAD_MAN_URL: `http://127.0.0.1:9/ping/${secret('address of the dead man')}`,
    ...archive,
  };

  await mkdir(join(home, 'config'), { recursive: true });
  await writeFile(join(home, 'config', 'orchestrator.yaml'), 'channels: { chat: { type: slack } }\n');

  // A day on which all goes well.
  const orchestrator = await RunningSystem.start(t, home, ['orchestrator', '--port', '0'], central);
  const { url } = orchestrator.address('orchestrator');
  const adminKey = readFileSync(join(home, 'orchestrator', 'admin.key'), 'utf8').trim();
  const admin = { authorization: `Bearer ${adminKey}` };
  const created = await fetch(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { ...admin, 'content-type': 'application/json' },
    body: JSON.stringify({ server: 'AIGARDEN07' }),
  });
  const { token } = (await created.json()) as { token: string };
  planted['token'] = token;
  planted["token's secret"] = parseToken(token)?.secret ?? '';
  const link = await until('the link is told', () => /Sign in once.*: (http\S+)\n/.exec(orchestrator.output)?.[1]);
  const cookie = (await fetch(link, { redirect: 'manual' })).headers.get('set-cookie')?.split(';')[0] ?? '';
  planted['session'] = cookie.split('=')[1] ?? '';
  planted["admin's key"] = adminKey;
  const strange = formatToken({ url, secret: secret('unknown token'), fingerprint: null });
  planted['the whole unknown token'] = strange;
  const agentArgs = ['agent', '--agent-port', '0'];
  const [agent, stranger] = await Promise.all([
    RunningSystem.start(t, agentHome, agentArgs, {
      NERVESYS_TOKEN: token,
      NERVESYS_SERVER: 'AIGARDEN07',
      NERVESYS_DEBUG: '1',
    }),
    RunningSystem.start(t, strangerHome, agentArgs, { NERVESYS_TOKEN: strange, NERVESYS_DEBUG: '1' }),
  ]);
  const keyFile = join(agentHome, 'agent', 'agent.key');
  await until('the agent has joined', () => existsSync(keyFile));
  planted["agent's key"] = JSON.parse(readFileSync(keyFile, 'utf8')).key;
  const record = { agent_id: 'GROK', level: 'ERROR', message: `login with password=${secret('password in a record')}` };
  assert.equal((await postLogs(agent.agentUrl, JSON.stringify(record))).status, 200);
  await until(
    'it is archived',
    async () => (await fetch(`${agent.agentUrl}/flush`, { method: 'POST' })).status === 200,
  );
  await until('the stranger is refused', () => stranger.output.includes('NSV_TOKEN_UNKNOWN'));

  // Everybody is asked everything, with the right keys and with wrong ones.
  const ask = async (where: string, path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
    const response = await fetch(path, { ...init, headers });
    outputs.add(where, `${JSON.stringify([...response.headers])} ${await response.text()}`);
    return response.status;
  };
  for (const path of [
    'fleet',
    'servers',
    'tokens',
    'alerts',
    'archive',
    'openapi.json',
    'channels',
    'servers/AIGARDEN07',
    'agents/GROK',
    'logs',
  ])
    await ask(`GET ${path}`, `${url}/api/v1/${path}`, admin);
  const tested = `${url}/api/v1/channels/chat/test`;
  assert.equal(await ask('POST test', tested, admin, { method: 'POST' }), 502);
  assert.equal(await ask('GET fleet by cookie', `${url}/api/v1/fleet`, { cookie }), 200);
  assert.equal(
    await ask('unknown key', `${url}/api/v1/fleet`, { authorization: `Bearer ${secret('unknown key')}` }),
    401,
  );
  await ask('unknown cookie', `${url}/api/v1/fleet`, { cookie: `nervesys_session=${secret('unknown cookie')}` });
  await ask(
    'no JSON',
    `${url}/api/v1/enroll`,
    { 'content-type': 'application/json' },
    { method: 'POST', body: `{"secret":"${secret('unknown token')}"` },
  );
  for (const path of ['/metrics', '/healthz', '/readyz']) await ask(`orchestrator ${path}`, url + path, admin);
  for (const path of ['/metrics', '/healthz', '/buffer', '/logs?limit=10', '/agents/GROK/config'])
    await ask(`agent ${path}`, agent.agentUrl + path);
  outputs.add('process arguments', commandLines());

  const cli = (system: RunningSystem, ...args: string[]) =>
    system.cli(...args).then(
      (text) => outputs.add(args.join(' '), text),
      (error: { stdout: string; stderr: string }) => outputs.add(args.join(' '), error.stdout + error.stderr),
    );
  const failing = (where: string, args: string[], env: Record<string, string>) =>
    run([...args, '--home', join(files, where)], freshEnvironment(files, { NERVESYS_DEBUG: '1', ...env })).then(
      (text) => {
        assert.match(text, /NSV_\w+|DATABASE_URL/, `${where} did not fail as it should: ${text}`);
        outputs.add(where, text);
      },
    );
  const wrongDatabase = secret('wrong password of the database');
  await Promise.all([
    cli(orchestrator, 'doctor', '--json'),
    cli(orchestrator, 'alerts', 'test', '--channel', 'chat'),
    cli(agent, 'doctor', '--json'),
    cli(orchestrator, 'config', 'show', '--json'),
    failing('malformed-database', ['orchestrator', '--port', '0'], { DATABASE_URL: `mysql://u:${wrongDatabase}@h/d` }),
    failing('absent-database', ['orchestrator', '--port', '0'], {
      DATABASE_URL: `postgres://u:${wrongDatabase}@127.0.0.1:9/d`,
    }),
    failing('refusing-vault', ['orchestrator', '--port', '0'], {
      VAULT_ADDR: vault.address,
      VAULT_ROLE_ID: secret('role id'),
      VAULT_SECRET_ID: secret('wrong secret id'),
    }),
    failing('refusing-archive', ['archive', 'verify'], {
      ...archive,
      STORJ_ACCESS_KEY: s3.accessKey,
      STORJ_SECRET_KEY: secret('wrong key of the archive'),
    }),
  ]);

  await Promise.all([orchestrator, agent, stranger].map((system) => system.stop()));
  outputs.add('log of the orchestrator', orchestrator.output);
  outputs.add('log of the agent', agent.output);
  outputs.add('log of the stranger', stranger.output);
  for (const folder of [home, agentHome, strangerHome])
    for (const { path, text } of filesBelow(folder)) outputs.add(path, text);
  const { rows } = await database.query<{ name: string }>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  for (const { name } of rows) {
    const table = await database.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    outputs.add(`table ${name}`, table.rows.map(({ row }) => row).join('\n'));
  }

  assert.ok(
    rows.length > 5 && s3.objects.size > 0,
    'hardly anything happened: is this test looking for the right thing?',
  );
  assert.ok(
    Object.values(planted).every((one) => one.length >= 20),
    JSON.stringify(Object.keys(planted)),
  );
  assert.deepEqual(outputs.leaks(planted), []);
  for (const path of [keyFile, join(home, 'orchestrator', 'admin.key')])
    assert.equal(statSync(path).mode & 0o777, 0o600, path);
  outputs.add('a leak', `x${encodeURIComponent(secret('role id'))}`);
  assert.deepEqual(outputs.leaks(planted), ['a leak: role id'], 'the search finds what is there');
});
