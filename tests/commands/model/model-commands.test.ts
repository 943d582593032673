/** `nervesys model …` as a user meets it: real processes, a real server behind the address. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTinyGguf } from '../../../scripts/make-tiny-gguf.ts';
import { FileServer } from '../../servers/file-server.ts';
import { type ModelRequest, ModelServer } from '../../servers/model-server.ts';
import { isAlive } from '../../support/running-system.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';
import { cleanEnvironment, MAIN, runNervesys, startNervesys } from '../run-nervesys.ts';

const MODEL = makeTinyGguf();
const SHA256 = createHash('sha256').update(MODEL).digest('hex');

test('a model is pulled from an address, and the command says where it lies and what to write', async (t) => {
  await using server = await FileServer.start(MODEL);
  const home = await tempDir(t);
  const env = { NODE_EXTRA_CA_CERTS: join(home, 'authority.pem') };
  await writeFile(env.NODE_EXTRA_CA_CERTS, server.authority);
  const address = `${server.url('/some/Tiny-v1.gguf?download=true')}`;

  const pulled = await runNervesys(['model', 'pull', address, '--sha256', SHA256, '--home', home], { env });

  assert.equal(pulled.code, 0, pulled.stderr);
  const path = join(home, 'models/Tiny-v1.gguf');
  assert.deepEqual(await readFile(path), MODEL);
  assert.match(`${pulled.stdout}`, new RegExp(`^Tiny-v1 is there: ${path}.*${SHA256}`));
  assert.match(`${pulled.stdout}`, /\ntriage:\n {2}model:\n {4}source: gguf\n {4}name: Tiny-v1\n$/);
  const again = await runNervesys(['model', 'pull', address, '--sha256', SHA256, '--home', home, '--json'], { env });
  const { fetched, triage } = JSON.parse(`${again.stdout}`);
  assert.deepEqual({ fetched, triage }, { fetched: false, triage: { model: { source: 'gguf', name: 'Tiny-v1' } } });
});

test('a pull that is stopped with Ctrl-C says how to go on, and the next one does', async (t) => {
  await using server = await FileServer.start(MODEL);
  const home = await tempDir(t);
  const env = { NODE_EXTRA_CA_CERTS: join(home, 'authority.pem') };
  await writeFile(env.NODE_EXTRA_CA_CERTS, server.authority);
  const args = ['model', 'pull', `${server.url()}`, '--sha256', SHA256, '--home', home];
  server.misdeeds.push({ type: 'stall', afterBytes: 100_000 });

  const first = startNervesys(args, { env });
  const part = join(home, 'models', `.${SHA256.slice(0, 32)}.part`);
  await until('it is under way', async () => existsSync(part) && (await readFile(part)).length === 100_000);
  first.child.kill('SIGINT');
  const { code, stderr } = await first.finished;

  assert.equal(code, 1);
  assert.match(stderr, /it was stopped\nhint: the same command goes on/);
  assert.equal((await runNervesys(args, { env })).code, 0);
  assert.equal(server.ranges[1], 'bytes=100000-');
});

test('a pull that cannot be checked, or would leave its folder, is refused before anything is fetched', async (t) => {
  const home = await tempDir(t);
  const sha256 = ['--sha256', SHA256];
  for (const [args, message] of [
    [['https://localhost:1/a.gguf'], /SHA-256 is not given\nhint:.*--sha256/],
    [['http://localhost:1/a.gguf', ...sha256], /not https/],
    [['https://me:word@localhost:1/a.gguf', ...sha256], /holds a password/],
    [['https://localhost:1/..%2f..%2fa.gguf', ...sha256], /it is no name/],
    [['https://localhost:1/', ...sha256], /it is no name/],
    [['https://localhost:1/a.gguf', ...sha256, '--name', '../a'], /it is no name/],
    [['https://localhost:1/a.gguf', '--sha256', 'abc'], /--sha256 is none/],
    [['phi-2', ...sha256], /another than the one known/],
    [['no-such-model'], /no such model or file\nhint: known by name are tinyllama-1.1b/],
    [['file://elsewhere/a.gguf'], /no file of this machine/],
  ] as const) {
    const { code, stderr } = await runNervesys(['model', 'pull', ...args, '--home', home]);

    assert.notEqual(code, 0, `${args}`);
    assert.match(stderr, message, `${args}`);
    assert.doesNotMatch(stderr, /word@/);
  }
  assert.ok(!existsSync(join(home, 'models')));
});

test('a model behind an address is tried: verdicts, time, and whether they are right', async () => {
  await using server = await ModelServer.start({ answer: judge, key: 'sk-secret' });
  const env = { NERVESYS_MODEL_KEY: 'sk-secret' };
  const args = ['model', 'test', '--url', server.url, '--name', 'test-model'];

  const text = await runNervesys(args, { env });
  const json = await runNervesys([...args, '--json'], { env });

  assert.equal(text.code, 0, text.stderr);
  assert.match(`${text.stdout}`, /Backup of volume.*ordinary .* s +nothing failed/);
  assert.match(`${text.stdout}`, /test-model answers; 3 of 3 verdicts are right/);
  const { right, wrong, memory_bytes, answers } = JSON.parse(`${json.stdout}`);
  assert.deepEqual(
    { right, wrong, memory_bytes, answers: answers.length },
    { right: 3, wrong: 0, memory_bytes: null, answers: 3 },
  );
});

test('a model that judges wrongly is told from one that does not answer', async (t) => {
  await using server = await ModelServer.start({
    answer: () => '{"verdict":"ordinary","reason":"all \\u001b[2J is well"}',
  });
  const home = await tempDir(t);
  const args = ['model', 'test', '--home', home, '--url', server.url, '--name'];

  const wrong = await runNervesys([...args, 'test-model']);
  const missing = await runNervesys([...args, 'other']);
  const none = await runNervesys(['model', 'test', '--home', home]);
  const unusable = await runNervesys(['model', 'test', '--home', home, '--path', join(home, 'none.gguf')]);

  assert.equal(wrong.code, 3);
  assert.match(`${wrong.stdout}`, /1 of 3 verdicts are right/);
  assert.ok(!wrong.stdout.includes(0x1b));
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /answered 404\nhint: .*is the model "other" there/);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /the configuration names none/);
  assert.equal(unusable.code, 1);
  assert.match(unusable.stderr, /there is none/);
});

test('without a name the model of the configuration is tried, by its deadline', async (t) => {
  await using server = await ModelServer.start({
    answer: (_, times) => (times === 1 ? judge(server.requests[0]!) : 'hang'),
  });
  const home = await tempDir(t);
  await mkdir(join(home, 'config/agents'), { recursive: true });
  await writeFile(
    join(home, 'config/agents/_defaults.yaml'),
    `triage:\n  model:\n    source: http\n    url: ${server.url}\n    name: test-model\n    deadline: 1s\n`,
  );

  const { code, stderr } = await runNervesys(['model', 'test', '--home', home]);

  assert.equal(code, 1);
  assert.match(stderr, /no answer within/);
  assert.equal(server.requests.length, 2);
});

test('without the library the command says exactly how to install it', async (t) => {
  const home = await tempDir(t);
  await mkdir(join(home, 'models'));
  await writeFile(join(home, 'models/tiny.gguf'), MODEL);

  const { code, stderr } = await runNervesys(['model', 'test', '--home', home, '--name', 'tiny']);

  if (/answers/.test(stderr)) return t.skip('node-llama-cpp is installed for everybody here');
  assert.equal(code, 1);
  assert.match(stderr, /NSV_MODEL_NOT_INSTALLED/);
  assert.match(stderr, new RegExp(`npm install --prefix ${home}/models .*node-llama-cpp@3 @node-llama-cpp/`));
});

test('the process of a model gets no secret, neither by its environment nor by its arguments', async (t) => {
  const home = await tempDir(t);
  await placeLibrary(
    home,
    `import { writeFileSync } from 'node:fs';
     writeFileSync(${JSON.stringify(join(home, 'seen.json'))}, JSON.stringify({ env: process.env, argv: process.argv }));
     export const getLlama = () => { throw new Error('far enough'); };`,
  );
  await writeFile(join(home, 'models/tiny.gguf'), MODEL);
  const env = {
    NERVESYS_MODEL_KEY: 'sk-secret',
    NERVESYS_TOKEN: 'nsv1.secret',
    STORJ_SECRET_KEY: 'secret',
    NODE_OPTIONS: '--no-warnings',
  };

  const { stderr } = await runNervesys(['model', 'test', '--home', home, '--name', 'tiny'], { env });

  assert.match(stderr, /far enough/);
  const seen = await readFile(join(home, 'seen.json'), 'utf8');
  assert.doesNotMatch(seen, /secret|NODE_OPTIONS|STORJ|NERVESYS_/);
});

for (const [what, body] of [
  ['waits', 'export const getLlama = () => { throw new Error("unused"); };'],
  ['loads', 'export const getLlama = () => new Promise(() => setInterval(() => {}, 1000));'],
] as const)
  test(`the process of a model that ${what} ends with the agent, however that ends`, async (t) => {
    const home = await tempDir(t);
    await placeLibrary(home, body);
    await writeFile(join(home, 'models/tiny.gguf'), MODEL);
    const agent = spawn(
      process.execPath,
      [
        '-e',
        `const child = require('node:child_process').spawn(process.execPath, [...${JSON.stringify([MAIN, 'model', 'serve', '--home', home, '--parent'])}, String(process.pid)], { stdio: ['pipe', 'ignore', 'inherit'] });
         child.stdin.write(${JSON.stringify(what === 'loads' ? `${JSON.stringify({ type: 'load', path: join(home, 'models/tiny.gguf'), grammar: '' })}\n` : '')});
         console.log(child.pid);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: cleanEnvironment() },
    );
    const pid = Number(await new Promise((resolve) => agent.stdout.once('data', (chunk) => resolve(`${chunk}`))));
    await until('it runs', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('serve'));
    if (what === 'loads')
      await until('it is at work', () => readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8') === '1000\n');

    agent.kill('SIGKILL');

    await until('it is gone', () => !isAlive(pid), 15_000);
  });

test('a true model, as small as there is, loads and answers under its grammar', async (t) => {
  const library = process.env['NODE_LLAMA_CPP'];
  if (library === undefined)
    return t.skip('NODE_LLAMA_CPP does not name a node_modules folder with node-llama-cpp in it');
  const home = await tempDir(t);
  await mkdir(join(home, 'models'));
  await symlink(library, join(home, 'models/node_modules'));
  await writeFile(join(home, 'models/tiny.gguf'), MODEL);

  const { code, stdout, stderr } = await runNervesys(['model', 'test', '--home', home, '--name', 'tiny', '--json']);

  assert.ok(code === 0 || code === 3, stderr);
  const { answers, memory_bytes } = JSON.parse(`${stdout}`);
  assert.equal(answers.length, 3);
  assert.ok(answers.every(({ reason }: { reason: string }) => reason.length > 0));
  assert.ok(memory_bytes > 50_000_000);
});

test('doctor lists the models and the library, and what is wrong with them', async (t) => {
  const home = await tempDir(t);
  const folder = join(home, 'models');
  await mkdir(join(folder, 'node_modules/x'), { recursive: true });
  await writeFile(join(folder, 'node_modules/x/index.js'), 'x'.repeat(5_000));
  await writeFile(join(folder, 'tiny.gguf'), MODEL);
  await writeFile(join(folder, 'bad.gguf'), 'x'.repeat(100));
  await writeFile(join(folder, '.abc.part'), 'x'.repeat(2_000));
  await mkdir(join(home, 'config/agents'), { recursive: true });
  const configured = 'triage:\n  model:\n    source: gguf\n    path: /no/such/model.gguf\n';
  await writeFile(join(home, 'config/agents/_defaults.yaml'), configured);

  const { stdout } = await runNervesys(['doctor', '--json', '--home', home, '--port', '1', '--agent-port', '1']);

  const checks = JSON.parse(`${stdout}`).checks.filter(({ name }: { name: string }) => name === 'model');
  assert.deepEqual(
    checks
      .map(({ state, found }: { state: string; found: string }) => `${state}: ${found.replaceAll(folder, '…')}`)
      .sort(),
    [
      "ok: …/node_modules takes 5.0 kB, beside the buffer's limit",
      "ok: …/tiny.gguf takes 141 kB, beside the buffer's limit",
      'problem: read the model /no/such/model.gguf: there is none',
      'problem: read the model …/bad.gguf: it is no GGUF file',
      'warning: …/.abc.part (2.0 kB) was fetched in part',
    ],
  );
});

/** Puts a module in the place of node-llama-cpp. */
async function placeLibrary(home: string, body: string): Promise<void> {
  const library = join(home, 'models/node_modules/node-llama-cpp');
  await mkdir(join(library, 'dist'), { recursive: true });
  await writeFile(join(library, 'package.json'), '{"name":"node-llama-cpp","type":"module"}');
  await writeFile(join(library, 'dist/index.js'), body);
}

/** Judges by a sign that stands in the samples. */
function judge({ messages }: ModelRequest): string {
  const isLoss = /lost|killed/.test(messages.at(-1)!.content);
  return JSON.stringify({
    verdict: isLoss ? 'critical' : 'ordinary',
    reason: isLoss ? 'something is gone' : 'nothing failed',
  });
}
