/**
 * The command line as a user meets it: real processes, an orchestrator that answers over real HTTP.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatToken } from '../../src/contract/enrolment.ts';
import { NERVESYS_VERSION } from '../../src/contract/version.ts';
import { runNervesys } from './run-nervesys.ts';

const KEY = 'key-of-this-machine';
const RECORD = {
  id: '0123456789abcdef-1',
  timestamp: '2026-11-22T16:02:11.123Z',
  level: 'ERROR',
  server: 'AIGARDEN01',
  agent_id: 'GROK',
  action: 'tool_call',
  message: 'evil \u001b[2J\u009b31m\r\nforged line',
  context: {},
};
const TOKEN = formatToken({ url: 'http://127.0.0.1:7700', secret: 'one-time', fingerprint: null });
const ANSWERS: Readonly<Record<string, unknown>> = {
  'GET /api/v1/fleet': {
    now: '2026-11-22T16:02:30.000Z',
    servers: [
      {
        server: 'AIGARDEN01',
        state: 'late',
        enrolled_at: '2026-11-22T16:00:00.000Z',
        last_seen_at: '2026-11-22T16:02:18.000Z',
        agent_version: '0.1.0',
        agents: 1,
        clock_skew_ms: -7_200_000,
      },
    ],
    agents: [
      {
        agent_id: 'GROK',
        server: 'AIGARDEN01',
        status: 'healthy',
        state: 'late',
        reason: 'no heartbeat for more than 2m 30s',
        metrics: { cpu_percent: 12.4, ram_percent: 40, disk_percent: 71, buffer_size_mb: 0.38 },
        last_action: 'code_review',
        uptime_seconds: 60,
        timestamp: '2026-11-22T16:02:18.000Z',
        received_at: '2026-11-22T16:02:18.000Z',
        last_seen_at: '2026-11-22T14:02:10.000Z', // by a clock that is two hours behind
        backlog_records: 3,
        agent_version: '0.1.0',
        state_at: '2026-11-22T16:00:00.000Z',
        seen_at: '2026-11-22T16:02:10.000Z',
      },
      {
        agent_id: 'COPILOT',
        server: 'AIGARDEN02',
        status: 'healthy',
        state: 'retired',
        reason: 'taken out of service',
        metrics: { cpu_percent: 1, ram_percent: 1, disk_percent: 1, buffer_size_mb: 0 },
        last_action: null,
        uptime_seconds: 60,
        timestamp: '2026-11-22T16:02:18.000Z',
        received_at: '2026-11-22T16:02:18.000Z',
        last_seen_at: null,
        backlog_records: 0,
        agent_version: '0.1.0',
      },
    ],
  },
  'POST /api/v1/servers/AIGARDEN02/retire': { server: 'AIGARDEN02', state: 'retired' },
  'POST /api/v1/agents/GROK/reinstate': { agent_id: 'GROK', server: 'AIGARDEN02', state: 'late' },
  'POST /api/v1/tokens': {
    id: 'ab12',
    token: TOKEN,
    expires_at: '2026-11-23T16:02:30.000Z',
    url: 'http://127.0.0.1:7700',
    fingerprint: null,
    bootstrap_sha256: 'ab'.repeat(32),
  },
  'POST /api/v1/sign-in-links': {
    url: 'http://127.0.0.1:7700/sign-in?code=abc',
    expires_at: '2026-11-22T16:12:30.000Z',
  },
};

describe('the command line', { concurrency: 4 }, () => {
  let home: string;
  let server: http.Server;
  const asked: { method: string; url: string; body: string }[] = [];
  /** By its server: other tests ask at the same time. */
  const tokenAskedFor = (name: string) =>
    asked
      .filter(({ method, url }) => method === 'POST' && url === '/api/v1/tokens')
      .map(({ body }) => JSON.parse(body))
      .find(({ server: named }) => named === name);

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'nervesys-cli-'));
    server = http.createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      asked.push({ method: request.method!, url: request.url!, body });
      const path = `${request.method} ${request.url!.split('?')[0]}`;
      if (request.headers.authorization !== `Bearer ${KEY}`) {
        response.writeHead(401).end(JSON.stringify({ code: 'NSV_UNAUTHORIZED', detail: 'this call needs a key' }));
      } else if (path === 'GET /api/v1/logs') {
        response.write(`${JSON.stringify(RECORD)}\n`);
        if (request.url!.includes('agent_id=BROKEN')) setTimeout(() => request.socket.destroy(), 50);
        else response.end(`${JSON.stringify({ ...RECORD, message: 'second' })}\n`);
      } else if (ANSWERS[path] === undefined) {
        response
          .writeHead(404)
          .end(JSON.stringify({ code: 'NSV_NOT_FOUND', detail: 'there is no \u001b[31msuch thing' }));
      } else response.end(JSON.stringify(ANSWERS[path]));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await mkdir(join(home, 'orchestrator'));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(join(home, 'orchestrator/address.json'), JSON.stringify({ url, pid: process.pid }));
    await writeFile(join(home, 'orchestrator/admin.key'), `${KEY}\n`, { mode: 0o600 });
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(home, { recursive: true });
  });

  test('--help and --version answer on standard output, and load nothing else', async () => {
    const help = await runNervesys(['--help']);
    const version = await runNervesys(['--version']);
    const ofCommand = await runNervesys(['exec', '--help']);

    assert.deepEqual([help.code, version.code, ofCommand.code], [0, 0, 0]);
    assert.match(help.stdout.toString(), /Examples:\n {2}\$ nervesys up --demo/);
    assert.equal(version.stdout.toString(), `${NERVESYS_VERSION}\n`);
    assert.match(ofCommand.stdout.toString(), /nervesys exec --agent-id GROK -- /);
    assert.equal(help.stderr, '');
  });

  test('wrong usage is exit code 2 and says what to do', async () => {
    for (const [args, complaint] of [
      [['flet'], /error: unknown command 'flet'\nhint: did you mean fleet\?/],
      [[], /Usage: nervesys/],
      [['logs', '--limit', '-3'], /error: option '--limit <n>' argument '-3' is invalid/],
      [['logs', '--level', 'loud', '--home', home], /--level is "loud"\nhint: use DEBUG, INFO/],
      [['logs', '--grep', '(', '--home', home], /error: --grep: .*\nhint:/],
      [['exec', '--agent-id', 'GROK'], /error: missing required argument 'command'/],
      [['exec', '--', 'true'], /error: required option '--agent-id <name>' not specified/],
      [['fleet', '--url', 'nonsense'], /--url is not an http or https address/],
    ] as const) {
      const { code, stdout, stderr } = await runNervesys(args);

      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, complaint);
      assert.equal(stdout.length, 0);
    }
  });

  test('where nothing runs, every reader says so and how to start it, without a stack', async () => {
    const empty = join(home, 'empty');
    for (const command of ['fleet', 'alerts', 'logs', 'sign-in']) {
      const { code, stderr } = await runNervesys([command, '--home', empty]);

      assert.equal(code, 1);
      assert.match(
        stderr,
        /^error: no running Nervesys was found in .*empty\nhint: start it with `npm start`.*\ncode: NSV_NOT_RUNNING\n$/,
      );
    }
  });

  test('--port and --lang are taken by every command about a running system, whether or not they say anything there', async () => {
    const port = new URL(JSON.parse(readFileSync(join(home, 'orchestrator/address.json'), 'utf8')).url).port;
    const common = ['--home', home, '--port', port, '--lang', 'he'];
    const [fleet, rollout, buffer, exec, check, wrong] = await Promise.all([
      runNervesys(['fleet', '--json', ...common]),
      runNervesys(['config', 'rollout', '--json', ...common]),
      runNervesys(['buffer', '--json', ...common]),
      runNervesys(['exec', '--agent-id', 'GROK', ...common, '--', 'sh', '-c', 'exit 7']),
      runNervesys(['config', 'check', ...common]),
      runNervesys(['fleet', ...common, '--lang', 'fr']),
    ]);

    assert.deepEqual(JSON.parse(fleet.stdout.toString()), ANSWERS['GET /api/v1/fleet']);
    assert.match(rollout.stderr, /GET \/api\/v1\/rollout/, 'without a word it is the status that is asked for');
    assert.match(buffer.stderr, /code: NSV_/); // there is none in this home
    assert.equal(exec.code, 7);
    assert.doesNotMatch([fleet, rollout, buffer, exec, check].map(({ stderr }) => stderr).join(''), /unknown option/);
    assert.deepEqual([wrong.code, /Allowed choices are en, he/.test(wrong.stderr)], [2, true]);
  });

  test('--json is JSON alone on standard output', async () => {
    for (const [args, answer] of [
      [['fleet'], ANSWERS['GET /api/v1/fleet']],
      [['sign-in'], ANSWERS['POST /api/v1/sign-in-links']],
    ] as const) {
      const { code, stdout, stderr } = await runNervesys([...args, '--json', '--home', home]);

      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(JSON.parse(stdout.toString()), answer);
    }
  });

  test('the fleet is a table with ages by the orchestrator’s clock', async () => {
    const { stdout } = await runNervesys(['fleet', '--home', home]);

    const [titles, row] = stdout.toString().split('\n');
    assert.match(titles!, /^AGENT +SERVER +STATE +FOR +STATUS +CPU/);
    assert.match(
      row!,
      /^GROK +AIGARDEN01 +late +2m 30s +healthy +12 % +40 % +71 % +0\.4 MB +code_review +20s ago +12s ago +no heartbeat/,
    );
  });

  test('what is out of service is left out of the table and counted, and shown to who asks', async () => {
    const plain = await runNervesys(['fleet', '--home', home]);
    const all = await runNervesys(['fleet', '--retired', '--home', home]);

    assert.doesNotMatch(plain.stdout.toString(), /COPILOT/);
    assert.match(plain.stderr, /1 out of service: nervesys fleet --retired/);
    assert.match(all.stdout.toString(), /COPILOT +AIGARDEN02 +retired/);
    assert.match(all.stdout.toString(), /AIGARDEN01 +late .* -2h /);
  });

  test('a server is taken out of service and an AI agent put back, by name', async () => {
    const retired = await runNervesys(['fleet', 'retire', 'AIGARDEN02', '--home', home]);
    const back = await runNervesys(['fleet', 'reinstate', 'AIGARDEN02', 'GROK', '--json', '--home', home]);
    const unknown = await runNervesys(['fleet', 'retire', 'NOBODY', '--home', home]);
    const nothing = await runNervesys(['fleet', 'retire', '--home', home]);

    assert.deepEqual([retired.code, retired.stderr], [0, 'AIGARDEN02 is out of service.\n']);
    assert.equal(JSON.parse(back.stdout.toString()).state, 'late');
    assert.deepEqual(JSON.parse(asked.find(({ url }) => url.endsWith('/agents/GROK/reinstate'))!.body), {
      server: 'AIGARDEN02',
    });
    assert.deepEqual([unknown.code, nothing.code], [1, 2]);
  });

  test('a record can neither drive the terminal nor forge a line, and --json means what was archived', async () => {
    const text = await runNervesys(['logs', '--since', '1h', '--agent', 'GROK', '--home', home]);
    const json = await runNervesys(['logs', '--json', '--home', home]);

    assert.equal(
      text.stdout.toString(),
      '2026-11-22 16:02:11 ERROR GROK@AIGARDEN01 tool_call  evil \\x1b[2J\\x9b31m\\r\\nforged line\n' +
        '2026-11-22 16:02:11 ERROR GROK@AIGARDEN01 tool_call  second\n',
    );
    const [first, second] = json.stdout.toString().trimEnd().split('\n');
    assert.deepEqual(JSON.parse(first!), RECORD);
    assert.ok(!/[\u007f-\u009f]/.test(first!));
    assert.equal(JSON.parse(second!).message, 'second');
    const query = new URL(asked.find((one) => one.url.includes('agent_id=GROK'))!.url, 'http://x').searchParams;
    assert.ok(Math.abs(Date.parse(query.get('since')!) - (Date.now() - 3_600_000)) < 20_000);
  });

  test('an answer that breaks off is a failure, not a short answer', async () => {
    const { code, stderr } = await runNervesys(['logs', '--agent', 'BROKEN', '--home', home]);

    assert.equal(code, 1);
    assert.match(stderr, /the answer broke off|ECONNRESET|aborted/);
  });

  test('token create prints the token alone on standard output, and beside it the command to paste', async () => {
    const { stdout, stderr } = await runNervesys([
      'token',
      'create',
      '--server',
      'AIGARDEN02',
      '--uses',
      '2',
      '--expires',
      '90m',
      '--home',
      home,
    ]);

    assert.equal(stdout.toString(), `${TOKEN}\n`);
    const environment = `  NERVESYS_TOKEN=${TOKEN} NERVESYS_SERVER=AIGARDEN02`;
    const commands = stderr.split('\n').filter((line) => line.startsWith(environment));
    assert.match(commands[0] ?? '', / sh -c 'u=http:\/\/127\.0\.0\.1:7700\/api\/v1\/agent\/bootstrap\.sh .*(ab){32}/);
    assert.deepEqual(commands.slice(1), [`${environment} npm run nervesys -- agent`]);
    assert.match(stderr, /only an agent on this machine can use it/);
    assert.deepEqual(tokenAskedFor('AIGARDEN02'), { server: 'AIGARDEN02', uses: 2, expires_in_seconds: 5_400 });
  });

  test('token create takes a pattern and no limit of uses, and refuses what cannot be meant', async () => {
    const create = (...args: string[]) => runNervesys(['token', 'create', ...args, '--home', home]);

    const { stderr } = await create('--server', 'AIGARDEN*', '--reusable');
    assert.match(
      stderr,
      /any number of servers may join[\s\S]*under the name of its host, which must match AIGARDEN\*;[\s\S]*NERVESYS_SERVER=<name>/,
    );
    assert.deepEqual(tokenAskedFor('AIGARDEN*'), { server: 'AIGARDEN*', uses: null, expires_in_seconds: 86_400 });
    const json = JSON.parse((await create('--json')).stdout.toString());
    assert.match(json.command, /^NERVESYS_TOKEN=\S+ sh -c '/);
    assert.equal(json.agent_command, `NERVESYS_TOKEN=${TOKEN} npm run nervesys -- agent`);
    for (const args of [
      ['--server', '../*'],
      ['--reusable', '--uses', '2'],
    ])
      assert.match((await create(...args)).stderr, /code: NSV_SETTING_INVALID/, args.join(' '));
    for (const args of [[], ['ab12', '--server', 'AIGARDEN02']])
      assert.match(
        (await runNervesys(['token', 'revoke', ...args, '--home', home])).stderr,
        /code: NSV_SETTING_INVALID/,
      );
  });

  test('a problem that the orchestrator answers is told with its code, and can’t drive the terminal', async () => {
    const unknown = await runNervesys(['token', 'revoke', 'nope', '--home', home]);
    const noKey = await runNervesys([
      'fleet',
      '--home',
      join(home, 'empty'),
      '--url',
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ]);

    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /there is no \\x1b\[31msuch thing\n(.*\n)?code: NSV_NOT_FOUND/);
    assert.match(noKey.stderr, /code: NSV_UNAUTHORIZED/);
    assert.match(noKey.stderr, /hint: the key of this machine is/);
  });

  test('config check names every mistake and exits with 3; relative folders are the user’s, through npm too', async () => {
    const folder = join(home, 'my-config');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'storage.yaml'), 'bufer:\n  limit: 1\nupload:\n  window: soon\n');

    const direct = await runNervesys(['config', 'check', 'my-config', '--json'], { cwd: home });
    const root = join(import.meta.dirname, '../..');
    const throughNpm = await runNervesys(['config', 'check', 'my-config'], {
      cwd: root,
      env: { INIT_CWD: home, npm_package_json: join(root, 'package.json') },
    });

    assert.equal(direct.code, 3);
    assert.equal(JSON.parse(direct.stdout.toString()).complaints.length, 2);
    assert.equal(throughNpm.code, 3);
    assert.match(throughNpm.stdout.toString(), /storage\.yaml:1:1: bufer/);
  });

  test('a commented start is written, shown with the places of its settings, compared, and annotated on GitHub', async () => {
    const start = join(home, 'start');
    const run = (...args: string[]) => runNervesys(['config', ...args], { cwd: home });

    const written = await run('init', 'start');
    const again = await run('init', 'start');
    const shown = await run('show', 'start', '--agent', 'GROK', '--server', 'AIGARDEN01');
    await runNervesys(['config', 'init', 'other'], { cwd: home });
    await writeFile(join(home, 'other/storage.yaml'), 'upload: { window: 5m }\n');
    const compared = await run('diff', 'start', 'other', '--json');
    const unknown = await run('diff', 'start', 'no such thing');
    await writeFile(join(start, 'storage.yaml'), 'upload:\n  windw: 5m\n');
    const annotated = await run('check', 'start', '--format', 'github');
    const misspelt = await run('check', 'strat', '--format', 'github');
    const stranger = await run('show', 'other', '--agent', 'grok');

    assert.equal(written.code, 0, written.stderr);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /: agents, orchestrator\.yaml, .* stands there/);
    assert.match(shown.stdout.toString(), /silent_after +30m +agents\/grok\.yaml:\d+:\d+/);
    assert.match(shown.stdout.toString(), /redaction\.enabled +true +built in/);
    assert.deepEqual(JSON.parse(compared.stdout.toString()).changes, [
      { path: 'storage.upload.window', before: '10m', after: '5m' },
    ]);
    assert.deepEqual([misspelt.code, /strat: there is no such folder/.test(misspelt.stderr)], [2, true]);
    assert.match(stranger.stderr, /^grok has no file of its own, so it gets the defaults\. Did you mean GROK\?/);
    assert.deepEqual([unknown.code, /is no folder and no revision/.test(unknown.stderr)], [2, true]);
    assert.equal(annotated.code, 3);
    assert.equal(
      annotated.stdout.toString(),
      '::error file=start/storage.yaml,line=2,col=3,title=nervesys config check::upload.windw is not known here; did you mean window?\n',
    );
  });

  test('doctor finds keys that others can read and parts that do not run, and exits with 3', async () => {
    const sick = join(home, 'sick');
    await mkdir(join(sick, 'agent'), { recursive: true });
    await writeFile(join(sick, 'agent/agent.key'), 'secret');
    await chmod(join(sick, 'agent/agent.key'), 0o644);
    await writeFile(join(sick, 'agent/address.json'), JSON.stringify({ url: 'http://127.0.0.1:1', pid: 999_999 }));

    const { code, stdout, stderr } = await runNervesys(['doctor', '--home', sick, '--json']);

    const { healthy, checks } = JSON.parse(stdout.toString()) as {
      healthy: boolean;
      checks: { name: string; state: string; found: string; remedy?: string }[];
    };
    assert.deepEqual([code, healthy, stderr], [3, false, '']);
    assert.match(checks.find((check) => check.name === 'keys')!.remedy!, /chmod 600 .*agent\.key/);
    assert.match(checks.find((check) => check.name === 'agent')!.found, /noted as running \(process 999999\)/);
    for (const check of checks.filter((one) => one.state === 'problem')) assert.ok(check.remedy);
  });
});
