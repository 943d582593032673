/**
 * `nervesys exec` as a real process, with real programs below it and an agent that answers over real HTTP.
 */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AgentStandIn } from './agent-stand-in.ts';
import { eventually, runNervesys, startNervesys } from './run-nervesys.ts';

describe('nervesys exec', { concurrency: 4 }, () => {
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'nervesys-exec-'));
  });
  after(() => rm(home, { recursive: true }));

  const execArgs = (agent: { readonly port: number }, ...command: string[]) => [
    'exec',
    '--agent-id',
    'GROK',
    '--home',
    home,
    '--agent-port',
    String(agent.port),
    '--',
    ...command,
  ];
  const node = (script: string) => [process.execPath, '-e', script];

  test('output passes through byte for byte, binary too, and its exit code is passed on', async () => {
    await using agent = await new AgentStandIn().listen();
    const bytes = Buffer.from(Array.from({ length: 256 * 40 }, (_, index) => (index * 7) % 256));
    const file = join(home, 'bytes.bin');
    await writeFile(file, bytes);

    const { code, stdout } = await runNervesys(execArgs(agent, 'sh', '-c', `cat ${file}; exit 7`));

    assert.equal(code, 7);
    assert.ok(stdout.equals(bytes));
    assert.equal(agent.messages().join('\n'), bytes.toString('utf8').replaceAll('\r\n', '\n'));
  });

  test('standard output goes without a level, standard error as WARN, and a JSON line is read as a record with its own fields', async () => {
    await using agent = await new AgentStandIn().listen();
    const json = JSON.stringify({
      timestamp: '2025-12-10T19:45:00.123Z',
      level: 'error',
      action: 'tool_call',
      message: 'no answer',
      tool: 'bash',
      context: { n: 1 },
    });

    const { stderr } = await runNervesys(
      execArgs(
        agent,
        ...node(`console.log('plain'); console.error('careful'); console.error(${JSON.stringify(json)})`),
      ),
    );

    assert.equal(stderr, `careful\n${json}\n`);
    const [plain, careful, record] = ['plain', 'careful', 'no answer'].map((message) =>
      agent.records.find((one) => one.message === message),
    );
    assert.deepEqual([plain?.level, plain?.agent_id, plain?.context['stream']], [undefined, 'GROK', 'stdout']);
    assert.deepEqual([careful?.level, careful?.context['stream']], ['WARN', 'stderr']);
    assert.equal(record?.level, 'error');
    assert.equal(record?.action, 'tool_call');
    assert.equal(record?.timestamp, '2025-12-10T19:45:00.123Z');
    assert.equal(record?.['tool'], 'bash');
    assert.equal(record?.context['n'], 1);
  });

  test('the exit becomes the status of the AI agent and a final record', async () => {
    await using agent = await new AgentStandIn().listen();

    const failed = await runNervesys(execArgs(agent, 'sh', '-c', 'exit 3'));
    const done = await runNervesys(execArgs(agent, 'true'));

    assert.deepEqual([failed.code, done.code], [3, 0]);
    assert.deepEqual(
      agent.statuses.map((one) => [one['path'], one['status'], one['last_action']]),
      [
        ['/agents/GROK/status', 'healthy', undefined],
        ['/agents/GROK/status', 'critical', 'exited 3'],
        ['/agents/GROK/status', 'healthy', undefined],
        ['/agents/GROK/status', 'stopped', 'exited 0'],
      ],
    );
    assert.deepEqual(
      agent.records.map((one) => [one.action, one.level, one.context['exit_code']]),
      [
        ['nervesys.exit', 'ERROR', 3],
        ['nervesys.exit', 'INFO', 0],
      ],
    );
  });

  test('a program that does not exist is 127, one that may not run 126, and the agent learns of both', async () => {
    await using agent = await new AgentStandIn().listen();
    const file = join(home, 'not-executable');
    await writeFile(file, 'text', { mode: 0o644 });

    const locked = join(home, 'locked');
    await mkdir(locked, { mode: 0o000 }); // a folder of PATH that an ordinary user may not search
    const env = { PATH: `${locked}:${process.env['PATH']}` };

    const missing = await runNervesys(execArgs(agent, 'no-such-program-here'), { env });
    const denied = await runNervesys(execArgs(agent, file));

    await chmod(locked, 0o700);
    assert.deepEqual([missing.code, denied.code], [127, 126]);
    assert.match(missing.stderr, /no-such-program-here: command not found/);
    assert.deepEqual(agent.statuses.filter((one) => one['status'] === 'critical').length, 2);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`${signal} reaches the program, which may tidy up; who was asked to end has not failed`, async () => {
      await using agent = await new AgentStandIn().listen();
      const script = `process.on('${signal}', () => { console.log('tidying'); process.exit(9) }); setInterval(() => {}, 1e6); console.log('ready')`;
      const { child, finished, stdoutSoFar } = startNervesys(execArgs(agent, ...node(script)));
      await eventually(() => stdoutSoFar().includes('ready'), 'the program runs');

      child.kill(signal);
      const { code, stdout } = await finished;

      assert.equal(code, 9);
      assert.equal(stdout.toString(), 'ready\ntidying\n');
      assert.deepEqual(agent.messages(), ['ready', 'tidying']);
      assert.equal(agent.statuses.at(-1)?.['status'], 'stopped');
    });
  }

  test('a program that a signal ended gives 128 + n and is critical', async () => {
    await using agent = await new AgentStandIn().listen();

    const { code } = await runNervesys(execArgs(agent, 'sh', '-c', 'kill -SEGV $$'));

    assert.equal(code, 139);
    assert.equal(agent.statuses.at(-1)?.['status'], 'critical');
    assert.equal(agent.statuses.at(-1)?.['last_action'], 'killed by SIGSEGV');
  });

  test('an agent that is busy, loses its answer, goes away and comes back gets each line exactly once, in order', async () => {
    await using agent = await new AgentStandIn().listen();
    const count = 3_000;
    const script = `let n = 0; const t = setInterval(() => { for (let i = 0; i < 100; i++) console.log('line ' + n++); if (n >= ${count}) clearInterval(t) }, 20)`;
    agent.mood = 'take but lose the answer';
    const { finished } = startNervesys(execArgs(agent, ...node(script)));
    await eventually(() => agent.records.length > 300, 'lines arrive');
    agent.mood = 'take but lose the answer';
    await eventually(() => agent.mood === 'take', 'an answer was lost');
    agent.mood = 'busy';
    const asked = agent.requests;
    await eventually(() => agent.requests > asked + 1, 'a busy agent is asked again');
    await agent.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    agent.mood = 'take';
    await agent.listen();

    const { code, stdout } = await finished;

    const expected = Array.from({ length: count }, (_, index) => `line ${index}`);
    assert.equal(code, 0);
    assert.equal(stdout.toString(), `${expected.join('\n')}\n`);
    assert.deepEqual(agent.messages(), expected);
  });

  test('without an agent the program runs all the same, and what could not be delivered is counted', async () => {
    const { child, finished, stdoutSoFar } = startNervesys(execArgs({ port: 1 }, 'sh', '-c', 'echo one; echo two'));
    await eventually(() => stdoutSoFar().includes('two'), 'the program has run');
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGINT'); // the program has ended: this ends the waiting for the agent

    const { code, stderr } = await finished;

    assert.equal(code, 0);
    assert.equal(stderr.match(/does not take lines/g)?.length, 1);
    assert.match(stderr, /3 lines could not be delivered/);
  });

  test('a reader that goes away ends the program as it would without us', async () => {
    await using agent = await new AgentStandIn().listen();
    const { child, finished, stdoutSoFar } = startNervesys(
      execArgs(agent, 'sh', '-c', 'while echo y; do :; done 2>/dev/null'),
    );
    await eventually(() => stdoutSoFar().length > 0, 'output comes');

    child.stdout!.destroy();

    const { signal } = await finished;
    assert.equal(signal, null);
  });

  test('with --restart on-failure a failed program runs again until it is done, and each end is told', async () => {
    await using agent = await new AgentStandIn().listen();
    const mark = join(home, 'failed-once');
    const args = execArgs(agent, 'sh', '-c', `echo run; test -e ${mark} && exit 0; touch ${mark}; exit 3`);
    args.splice(1, 0, '--restart', 'on-failure');

    const { code, stdout } = await runNervesys(args);

    assert.deepEqual([code, stdout.toString()], [0, 'run\nrun\n']);
    assert.deepEqual(agent.messages(), ['run', 'run']);
    const ends = agent.records.filter(({ action }) => action === 'nervesys.exit');
    assert.deepEqual(
      ends.map(({ level, context }) => [level, context['exit_code'], context['restart_after_ms']]),
      [
        ['ERROR', 3, 1_000],
        ['INFO', 0, undefined],
      ],
    );
    assert.match(ends[0]!.message, /exited with code 3 after .*; it starts again in 1s$/);
    assert.deepEqual(
      agent.statuses.map((one) => one['status']),
      ['healthy', 'critical', 'healthy', 'stopped'],
    );
  });

  test('with --restart always a signal ends the waiting, and nothing is started again', async () => {
    await using agent = await new AgentStandIn().listen();
    const args = execArgs(agent, 'sh', '-c', 'echo run');
    args.splice(1, 0, '--restart', 'always');
    const { child, finished } = startNervesys(args);
    await eventually(() => agent.statuses.some((one) => String(one['detail']).includes('starts again')), 'it waits');
    child.kill('SIGTERM');
    const { code, stdout } = await finished;

    assert.deepEqual([code, stdout.toString()], [0, 'run\n']);
    assert.deepEqual(agent.statuses.at(-1)?.['status'], 'stopped');
  });

  test('the program finds out whose run it is and where to send more', async () => {
    await using agent = await new AgentStandIn().listen();

    const { stdout } = await runNervesys(execArgs(agent, 'sh', '-c', 'echo $NERVESYS_AGENT_ID $NERVESYS_URL'));

    assert.equal(stdout.toString(), `GROK http://127.0.0.1:${agent.port}\n`);
  });
});
