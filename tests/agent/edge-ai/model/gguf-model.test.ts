/** A model in a process of its own: the process is real, and misbehaves as processes do. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTinyGguf } from '../../../../scripts/make-tiny-gguf.ts';
import { GgufModel } from '../../../../src/agent/edge-ai/model/gguf-model.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { GOOD_ANSWER, type Manner, spawnScripted } from '../../../support/scripted-model.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const PROMPT = { system: 'judge', user: 'Template: "disk full"' };
const signal = new AbortController().signal;
const limits = { deadlineMs: 20_000, signal };

test('a model is started for the first question, at the lowest priority, and answers the next ones in the same process', async (t) => {
  const { model, started } = await open(t, 'good');

  assert.equal(started.length, 0);
  assert.equal(await model.ask(PROMPT, limits), JSON.stringify(GOOD_ANSWER));
  assert.equal(await model.ask(PROMPT, limits), JSON.stringify(GOOD_ANSWER));

  assert.equal(started.length, 1);
  assert.equal(getPriority(started[0]!.pid!), 19);
  assert.ok(model.isAwake);
  assert.ok((model.memoryBytes ?? 0) > 10_000_000);
});

test('a model at rest has no process, and wakes with the next question', async (t) => {
  const { model, started } = await open(t, 'good');
  await model.ask(PROMPT, limits);

  await model.rest();
  assert.ok(!model.isAwake && hasEnded(started[0]!));
  await model.ask(PROMPT, limits);

  assert.equal(started.length, 2);
});

for (const [manner, message] of [
  ['dies', /ended by SIGKILL/],
  ['dies-loading', /ended with exit code 7 \(ggml: cannot map this\)/],
  ['not-json', /does not speak as it should; it was killed/],
  ['endless-line', /writes without end; it was killed/],
  ['endless-flood', /writes without end; it was killed/],
  ['wrong-id', /answered something else/],
] as const)
  test(`a process that misbehaves (${manner}) fails the question, is gone, and another is started for the next`, async (t) => {
    const { model, started } = await open(t, manner);

    await assert.rejects(model.ask(PROMPT, limits), { code: 'NSV_MODEL_FAILED', retryable: true, message });
    assert.ok(!model.isAwake && hasEnded(started[0]!));
    await assert.rejects(model.ask(PROMPT, limits), { code: 'NSV_MODEL_FAILED' });

    assert.equal(started.length, 2);
  });

for (const manner of ['hangs', 'deaf', 'hangs-loading'] as const)
  test(`a process that ${manner} is killed at the deadline`, async (t) => {
    const { model, started } = await open(t, manner, { loadDeadlineMs: manner === 'hangs' ? 20_000 : 700 });

    await assert.rejects(model.ask(PROMPT, { deadlineMs: 300, signal }), {
      code: 'NSV_MODEL_FAILED',
      message: /no answer within \d+ ms; its process was killed/,
    });

    assert.ok(hasEnded(started[0]!));
  });

test('a process that takes more memory than it may is killed, and the failure says so', async (t) => {
  const { model, started } = await open(t, 'hog', { memoryBytesMax: 300_000_000 });

  await assert.rejects(model.ask(PROMPT, limits), {
    code: 'NSV_MODEL_FAILED',
    message: /took \d+ MB of memory, and may take 300 MB; it was killed/,
  });

  assert.ok(hasEnded(started[0]!));
});

test('what the process says of its own refusal is handed on with its code and hint', async (t) => {
  const { model } = await open(t, 'refuses-loading');

  await assert.rejects(model.ask(PROMPT, limits), {
    code: 'NSV_MODEL_NOT_INSTALLED',
    retryable: false,
    hint: 'install it with: npm',
  });
});

test('words between the answers change nothing', async (t) => {
  const { model } = await open(t, 'flood');

  assert.equal(await model.ask(PROMPT, limits), JSON.stringify(GOOD_ANSWER));
});

test('who stops asking gets its reason at once, and the process is gone', async (t) => {
  const { model, started } = await open(t, 'hangs');
  const stop = new AbortController();
  const asked = model.ask(PROMPT, { deadlineMs: 20_000, signal: stop.signal });
  await until('it was started', () => started.length === 1);

  stop.abort(new DOMException('closing', 'AbortError'));

  await assert.rejects(asked, { name: 'AbortError', message: 'closing' });
  assert.ok(hasEnded(started[0]!));
});

test('a program that cannot be started fails the question', async (t) => {
  const { spawn } = await import('node:child_process');
  const path = await tinyFile(t);
  await using model = new GgufModel({
    path,
    memoryBytesMax: 1e9,
    clock: systemClock,
    spawn: () => spawn('/no/such/program', [], { stdio: 'pipe' }),
  });

  await assert.rejects(model.ask(PROMPT, limits), { code: 'NSV_MODEL_FAILED', message: /start the model's process/ });
});

test('neither a missing file nor one that is no model is used', async (t) => {
  const folder = await tempDir(t);
  const text = join(folder, 'text.gguf');
  await writeFile(text, 'x'.repeat(100));
  const old = makeTinyGguf();
  old.writeUInt32LE(1, 4);
  const version1 = join(folder, 'old.gguf');
  await writeFile(version1, old);

  for (const [path, message] of [
    [join(folder, 'none.gguf'), /there is none/],
    [text, /no GGUF file/],
    [version1, /GGUF of version 1/],
    [folder, /it is no file|cannot be opened/],
  ] as const)
    assert.throws(
      () => new GgufModel({ path, memoryBytesMax: 1e9, clock: systemClock, spawn: spawnScripted('good') }),
      {
        code: 'NSV_MODEL_UNUSABLE',
        message,
      },
    );
});

test('another file under the same path is another model', async (t) => {
  const path = await tinyFile(t);
  const open = () => new GgufModel({ path, memoryBytesMax: 1e9, clock: systemClock, spawn: spawnScripted('good') });
  const before = open().identity;

  await writeFile(path, Buffer.concat([readFileSync(path), Buffer.alloc(32)]));

  assert.notEqual(open().identity, before);
  assert.doesNotMatch(before, /\s/);
});

async function open(
  t: TestContext,
  manner: Manner,
  more: { readonly memoryBytesMax?: number; readonly loadDeadlineMs?: number } = {},
) {
  const started: ChildProcess[] = [];
  const path = await tinyFile(t);
  const model = new GgufModel({
    path,
    memoryBytesMax: 1e9,
    clock: systemClock,
    spawn: spawnScripted(manner, started),
    ...more,
  });
  t.after(() => model[Symbol.asyncDispose]());
  return { model, started };
}

async function tinyFile(t: TestContext): Promise<string> {
  const path = join(await tempDir(t), 'tiny.gguf');
  await writeFile(path, makeTinyGguf());
  return path;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
