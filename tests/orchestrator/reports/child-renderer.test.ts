/** The process that renders, for real: what it makes, and what is left when it is killed, hangs, babbles or is no longer wanted. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { getPriority } from 'node:os';
import { type TestContext, test } from 'node:test';
import { ChildRenderer, type ChildRendererOptions } from '../../../src/orchestrator/reports/child-renderer.ts';
import { renderReport } from '../../../src/orchestrator/reports/render.ts';
import { RENDER_PRIORITY } from '../../../src/orchestrator/reports/render-process.ts';
import type { RenderRequest } from '../../../src/orchestrator/reports/renderer.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { cleanEnvironment, MAIN } from '../../commands/run-nervesys.ts';
import { sampleCritical, sampleDay } from '../../support/report-samples.ts';
import { isAlive } from '../../support/running-system.ts';
import { until } from '../../support/until.ts';

const REQUEST: RenderRequest = { facts: sampleDay('one-agent'), lang: 'en', format: 'pdf' };
const NEVER = new AbortController().signal;

/** A renderer whose children are the real program, or `script` in its place. */
function renderer(t: TestContext, options: Partial<ChildRendererOptions> = {}, script?: (child: number) => string) {
  const children: ChildProcess[] = [];
  const one = new ChildRenderer({
    clock: systemClock,
    spawn: () => {
      const own = script?.(children.length);
      const args = own === undefined ? [MAIN, 'report-render', '--parent', `${process.pid}`] : ['-e', own];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], env: cleanEnvironment() });
      children.push(child);
      return child;
    },
    ...options,
  });
  t.after(() => one.close());
  return { one, children };
}

/** Answers each request at once, with the number of the child. */
const ANSWERS = (child: number) => `
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line);
    console.log(JSON.stringify({ type: 'rendered', id, title: '${child}', summary: '', bytes: 3, rss_bytes: 400e6 }));
    process.stdout.write('abc');
  });`;

const isFailure = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof NervesysError, `${error}`);
  assert.equal(error.code, 'NSV_REPORT_FAILED');
  assert.match(error.message, pattern);
  return true;
};

test('files of one format come from one child, lower than this process, as they would from this one', async (t) => {
  const { one, children } = renderer(t, { memoryBytesKept: 1e12 });
  const xlsx = { ...REQUEST, format: 'xlsx' } as const;

  const [pdf, critical] = await Promise.all([
    one.render(REQUEST, NEVER),
    one.render({ ...REQUEST, facts: sampleCritical(), lang: 'he' }, NEVER),
  ]);
  assert.equal(children.length, 1);
  assert.equal(getPriority(children[0]!.pid!), RENDER_PRIORITY);
  const workbook = await one.render(xlsx, NEVER);

  assert.equal(children.length, 2);
  assert.equal(isAlive(children[0]!.pid!), false);
  assert.equal(Buffer.from(pdf.bytes.subarray(0, 5)).toString(), '%PDF-');
  assert.equal(Buffer.from(critical.bytes.subarray(0, 5)).toString(), '%PDF-');
  const here = await renderReport(xlsx);
  assert.ok(Buffer.from(workbook.bytes).equals(here.bytes));
  assert.deepEqual([workbook.title, workbook.summary], [here.title, here.summary]);
  assert.match(pdf.summary, /quiet day/);
  await assert.rejects(
    one.render({ ...xlsx, facts: sampleCritical() }, NEVER),
    isFailure(/^render critical alerts as xlsx: there is only a PDF of them$/),
    'what can’t be rendered fails with the child’s own reason',
  );
  await one.close();
  assert.equal(isAlive(children[1]!.pid!), false);
  await assert.rejects(one.render(REQUEST, NEVER), isFailure(/is ending/));
});

test('a child that is killed in the middle fails its request; the next one works, in another child', async (t) => {
  const { one, children } = renderer(t, {}, (child) => (child === 0 ? 'for (;;);' : ANSWERS(child)));
  const first = one.render(REQUEST, NEVER);
  const told = assert.rejects(first, isFailure(/the process that renders ended by SIGKILL/));
  await until('a child is there', () => children[0]?.pid);

  children[0]!.kill('SIGKILL');

  await told;
  assert.equal((await one.render(REQUEST, NEVER)).title, '1');
  assert.equal(children.length, 2);
});

test('a child whose own memory runs out fails its request and says so', async (t) => {
  const greedy = 'const all = []; for (;;) all.push(new Array(10_000).fill({}))';
  const { one } = renderer(t, {
    spawn: () =>
      spawn(process.execPath, ['--max-old-space-size=20', '-e', greedy], { stdio: 'pipe', env: cleanEnvironment() }),
  });

  await assert.rejects(one.render(REQUEST, NEVER), isFailure(/ended by SIG\w+ \(FATAL ERROR: .*heap out of memory\)$/));
});

test('a child that hangs is killed at the deadline, though it holds its thread', async (t) => {
  const { one, children } = renderer(t, { deadlineMs: 500 }, () => 'for (;;);');

  await assert.rejects(
    one.render(REQUEST, NEVER),
    isFailure(/^render daily 2025-12-10 as pdf in en: no answer within 500 ms/),
  );

  assert.equal(isAlive(children[0]!.pid!), false);
});

test('an abort kills the child, and takes a request that waits out of the line', async (t) => {
  const { one, children } = renderer(t, {}, () => 'for (;;);');
  const [stop, other] = [new AbortController(), new AbortController()];
  const running = one.render(REQUEST, stop.signal);
  const waiting = one.render(REQUEST, other.signal);
  await until('a child is there', () => children[0]?.pid);

  other.abort(new Error('not wanted'));
  stop.abort(new Error('enough'));

  await assert.rejects(running, /enough/);
  await assert.rejects(waiting, /not wanted/);
  assert.equal(children.length, 1);
  assert.equal(isAlive(children[0]!.pid!), false);
});

test('closing in the middle leaves no process', async (t) => {
  const { one, children } = renderer(t, {}, () => 'for (;;);');
  const running = assert.rejects(one.render(REQUEST, NEVER), isFailure(/is ending/));
  await until('a child is there', () => children[0]?.pid);

  await one.close();

  await running;
  assert.equal(isAlive(children[0]!.pid!), false);
});

for (const [what, script, pattern] of [
  ['says something else', 'console.log("hello"); setInterval(() => {}, 1000);', /does not speak as it should/],
  [
    'says more than a line may have',
    'process.stdin.once("data", () => process.stdout.write("x".repeat(1e6))); ',
    /does not speak|ended/,
  ],
  [
    'answers another question',
    'process.stdin.once("data", () => console.log(JSON.stringify({ type: "failed", id: 7, message: "no" })));',
    /another question/,
  ],
  [
    'ends with a word',
    'process.stdin.once("data", () => { console.error("no memory"); process.exit(7); });',
    /exit code 7 \(no memory\)/,
  ],
  ['is none', 'process.exit(0);', /exit code 0/],
  [
    'takes too much memory',
    'const all = []; for (let n = 0; n < 3; n++) all.push(Buffer.alloc(100e6, 1)); setInterval(() => all, 1000);',
    /took \d+ MB of memory, and may take 200 MB; it was killed/,
  ],
] as const)
  test(`a child that ${what} is ended, and the request fails`, async (t) => {
    const { one, children } = renderer(t, { memoryBytesMax: 200e6 }, () => script);

    await assert.rejects(one.render(REQUEST, NEVER), isFailure(pattern));

    await one.close();
    assert.equal(isAlive(children[0]!.pid!), false);
  });

test('a child that isn’t asked for a while is ended, and one that took much memory at once', async (t) => {
  const idle = renderer(t, { idleMs: 200, memoryBytesKept: 500e6 }, ANSWERS);
  const large = renderer(t, {}, ANSWERS);

  await idle.one.render(REQUEST, NEVER);
  await idle.one.render(REQUEST, NEVER);
  assert.equal(idle.children.length, 1);
  await until('it is gone', () => !isAlive(idle.children[0]!.pid!));
  assert.equal((await idle.one.render(REQUEST, NEVER)).title, '1');
  const { bytes } = await large.one.render(REQUEST, NEVER);

  assert.equal(Buffer.from(bytes).toString(), 'abc');
  assert.equal(isAlive(large.children[0]!.pid!), false);
});

test('a program that can’t be started fails the request', async () => {
  await using one = new ChildRenderer({ clock: systemClock, spawn: () => spawn('/nowhere/nervesys') });

  await assert.rejects(one.render(REQUEST, NEVER), isFailure(/start the process that renders: .*ENOENT/));
});

test('the program ends with its standard input, and with its parent', async () => {
  const start = (parent: number) =>
    spawn(process.execPath, [MAIN, 'report-render', '--parent', `${parent}`], { env: cleanEnvironment() });
  const ended = (child: ChildProcess) =>
    new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  const [fed, orphan] = [start(process.pid), start(1)];
  const ends = [ended(fed), ended(orphan)];

  fed.stdin.end();

  assert.deepEqual(await Promise.all(ends), [0, 'SIGKILL']);
});
