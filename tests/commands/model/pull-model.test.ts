/** Fetching a model, from a real server over HTTPS that breaks off, lies and leads astray. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTinyGguf } from '../../../scripts/make-tiny-gguf.ts';
import { type ModelSource, type PullOptions, pullModel } from '../../../src/commands/model/pull-model.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FileServer } from '../../servers/file-server.ts';
import { tempDir } from '../../support/temp-dir.ts';

const MODEL = makeTinyGguf();
const SHA256 = sha256(MODEL);

test('a model is fetched, gets its name, and is not fetched again', async (t) => {
  const { server, path, pull } = await open(t);
  const shown: number[] = [];

  assert.deepEqual(await pull({ onProgress: (bytes, of) => shown.push(bytes / of) }), {
    sizeBytes: MODEL.length,
    sha256: SHA256,
    isNew: true,
  });
  assert.equal((await pull()).isNew, false);

  assert.deepEqual(await readFile(path), MODEL);
  assert.equal(server.ranges.length, 1);
  assert.equal(shown.at(-1), 1);
  assert.deepEqual(await visible(path), ['tiny.gguf']);
});

test('a download that breaks off is gone on with where it stopped', async (t) => {
  const { server, path, pull } = await open(t);
  server.misdeeds.push(
    { type: 'stall', afterBytes: 50_000 },
    { type: 'status', status: 503 },
    { type: 'stall', afterBytes: 30_000 },
  );

  await pull({ onProgress: (bytes) => [50_000, 80_000].includes(bytes) && server.breakOff() });

  assert.deepEqual(await readFile(path), MODEL);
  assert.deepEqual(server.ranges, [undefined, 'bytes=50000-', 'bytes=50000-', 'bytes=80000-']);
});

test('what was fetched in part is gone on with by the next run, also over a server that knows no ranges', async (t) => {
  const { server, path, pull } = await open(t);
  const stop = new AbortController();
  server.misdeeds.push({ type: 'stall', afterBytes: 60_000 });
  const onProgress = (bytes: number) => bytes === 60_000 && stop.abort(new Error('stopped'));
  await assert.rejects(pull({ signal: stop.signal, onProgress }), { message: 'stopped' });
  assert.deepEqual(await visible(path), []);
  server.misdeeds.push({ type: 'whole' });

  await pull();

  assert.deepEqual(server.ranges, [undefined, 'bytes=60000-']);
  assert.deepEqual(await readFile(path), MODEL);
});

test('a server that falls silent is given up, and asked for the rest', async (t) => {
  const { server, path, pull } = await open(t);
  server.misdeeds.push({ type: 'stall', afterBytes: 70_000 });

  await pull({ silentMs: 200 });

  assert.deepEqual(server.ranges, [undefined, 'bytes=70000-']);
  assert.deepEqual(await readFile(path), MODEL);
});

test('after five attempts that brought nothing it ends, says how to go on, and keeps what has come', async (t) => {
  const { server, path, pull } = await open(t);
  server.misdeeds.push({ type: 'stall', afterBytes: 90_000 }, ...Array(5).fill({ type: 'status', status: 500 }));

  await assert.rejects(pull({ onProgress: (bytes) => bytes === 90_000 && server.breakOff() }), {
    code: 'NSV_MODEL_NOT_FETCHED',
    message: /it answered 500/,
    hint: /90 kB are there; the same command goes on/,
  });

  assert.deepEqual(await visible(path), []);
  await pull();
  assert.equal(server.ranges.at(-1), 'bytes=90000-');
});

for (const [what, misdeed, source, expected] of [
  ['of another SHA-256', undefined, { sha256: 'a'.repeat(64) }, { message: /its SHA-256 is 3.*and not aaaa/ }],
  [
    'of another size than is known of it',
    undefined,
    { sizeBytes: MODEL.length + 1 },
    { message: /it has \d+ bytes, and/ },
  ],
  ['whose size nobody tells', { type: 'chunked' }, {}, { message: /does not say how large/ }],
] as const)
  test(`a file ${what} is not taken, and nothing of it stays`, async (t) => {
    const { server, path, pull } = await open(t, source);
    if (misdeed !== undefined) server.misdeeds.push(misdeed);

    await assert.rejects(pull(), { code: 'NSV_MODEL_MISMATCH', ...expected });

    assert.deepEqual(await all(path), ['.pull.lock']);
    assert.equal(server.ranges.length, 1);
  });

test('a file that is cut short at the source is never taken', async (t) => {
  const { server, path, pull } = await open(t);
  server.misdeeds.push(...Array(9).fill({ type: 'size', bytes: MODEL.length + 10_000 }));

  await assert.rejects(pull(), { code: 'NSV_MODEL_NOT_FETCHED' });

  assert.deepEqual(await visible(path), []);
});

test('a kept part that is longer than the file, or of other bytes, does no harm', async (t) => {
  for (const part of [
    Buffer.concat([MODEL, Buffer.alloc(100)]),
    Buffer.from(MODEL).fill(1, 0, 500).subarray(0, 2_000),
  ]) {
    const { path, pull } = await open(t);
    await writeFile(join(path, '..', `.${SHA256.slice(0, 32)}.part`), part);

    await pull().catch((error: unknown) => assert.equal((error as { code: string }).code, 'NSV_MODEL_MISMATCH'));
    await pull();

    assert.deepEqual(await readFile(path), MODEL);
  }
});

test('what was kept of a file that is another one now is thrown away', async (t) => {
  const { server, path, pull } = await open(t, { sizeBytes: MODEL.length });
  await writeFile(join(path, '..', `.${SHA256.slice(0, 32)}.part`), MODEL.subarray(0, 50_000));
  server.file = Buffer.concat([MODEL, MODEL]);

  await assert.rejects(pull(), { code: 'NSV_MODEL_MISMATCH' });

  assert.deepEqual(await all(path), ['.pull.lock']);
});

test('what is no GGUF file is not taken, whatever its SHA-256', async (t) => {
  const page = Buffer.from('<!doctype html>'.repeat(100));
  const { server, path, pull } = await open(t, { sha256: sha256(page) });
  server.file = page;

  await assert.rejects(pull(), { code: 'NSV_MODEL_MISMATCH', message: /no GGUF file/ });

  assert.deepEqual(await all(path), ['.pull.lock']);
});

test('it follows where it is led over https, and never to plain http', async (t) => {
  const { server, path, pull } = await open(t);
  const seen: string[] = [];
  const plain = http.createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end(MODEL);
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  t.after(() => plain.close());
  const { port } = plain.address() as AddressInfo;

  server.misdeeds.push({ type: 'redirect', to: `http://127.0.0.1:${port}/tiny.gguf?signature=secret` });
  await assert.rejects(pull(), (error: Error & { code: string }) => {
    assert.equal(error.code, 'NSV_MODEL_NOT_FETCHED');
    assert.match(error.message, /plain http is refused/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  server.misdeeds.push(...Array(9).fill({ type: 'redirect', to: '/round' }));
  await assert.rejects(pull(), { code: 'NSV_MODEL_NOT_FETCHED', message: /leads elsewhere more than/ });
  server.misdeeds.length = 0;
  server.misdeeds.push({ type: 'redirect', to: '/elsewhere/tiny.gguf' });
  await pull();

  assert.deepEqual(seen, []);
  assert.deepEqual(await readFile(path), MODEL);
});

test('a server whose certificate nobody vouches for is not asked', async (t) => {
  const { server, pull } = await open(t);

  await assert.rejects(pull({ authority: undefined }), { code: 'NSV_MODEL_NOT_FETCHED', retryable: false });

  assert.deepEqual(server.ranges, []);
});

test('a disk without room is told before anything is written', async (t) => {
  const { path, pull } = await open(t);

  await assert.rejects(pull({ freeBytes: async () => 1_000_000 }), {
    code: 'NSV_MODEL_NOT_FETCHED',
    message: /1.0 MB are free there/,
  });

  assert.deepEqual(await all(path), ['.pull.lock']);
});

test('another model of the same name stays, unless its place is to be taken', async (t) => {
  const { path, pull } = await open(t);
  const other = makeTinyGguf(2);
  await writeFile(path, other);

  await assert.rejects(pull(), { code: 'NSV_SETTING_INVALID', hint: /--name.*--force/ });
  assert.deepEqual(await readFile(path), other);
  await pull({ replaces: true });

  assert.deepEqual(await readFile(path), MODEL);
});

test('a folder that cannot be written is told as such', async (t) => {
  const { path, pull } = await open(t);
  await writeFile(path, MODEL);

  await assert.rejects(pull({ path: join(path, 'inside.gguf') }), {
    code: 'NSV_HOME_UNUSABLE',
    hint: /as the user that the folder belongs to/,
  });
});

test('two at once do not spoil each other’s file', async (t) => {
  const { server, path, pull } = await open(t);
  const stop = new AbortController();
  server.misdeeds.push({ type: 'stall', afterBytes: 1_000 });
  let second: Promise<unknown> | undefined;
  const onProgress = () => {
    second ??= assert.rejects(pull(), { code: 'NSV_ALREADY_RUNNING' }).finally(() => stop.abort(new Error('enough')));
  };

  await assert.rejects(pull({ signal: stop.signal, onProgress }), { message: 'enough' });
  await second;
  await pull();

  assert.deepEqual(await readFile(path), MODEL);
});

test('a file of this machine is copied, checked where its SHA-256 is given', async (t) => {
  const { path, pull } = await open(t);
  const own = join(await tempDir(t), 'own.gguf');
  await writeFile(own, MODEL);

  await assert.rejects(pull({ source: { type: 'file', path: own, sha256: 'b'.repeat(64) } }), {
    code: 'NSV_MODEL_MISMATCH',
  });
  assert.deepEqual(await all(path), ['.pull.lock']);
  assert.equal((await pull({ source: { type: 'file', path: own } })).sha256, SHA256);

  assert.deepEqual(await readFile(path), MODEL);
  assert.equal((await stat(own)).size, MODEL.length);
});

async function open(t: TestContext, source: Partial<ModelSource> = {}) {
  const server = await FileServer.start(MODEL);
  t.after(() => server[Symbol.asyncDispose]());
  const folder = join(await tempDir(t), 'models');
  await mkdir(folder);
  const path = join(folder, 'tiny.gguf');
  const pull = (more: Partial<PullOptions> = {}) =>
    pullModel({
      path,
      source: { type: 'address', url: server.url(), sha256: SHA256, ...source } as ModelSource,
      replaces: false,
      onProgress: () => undefined,
      clock: {
        ...systemClock,
        sleep: async (ms, signal) => (ms < 60_000 ? signal?.throwIfAborted() : systemClock.sleep(ms, signal)),
      },
      signal: new AbortController().signal,
      authority: server.authority,
      ...more,
    });
  return { server, path, pull };
}

async function all(path: string): Promise<readonly string[]> {
  return (await readdir(join(path, '..'))).sort();
}

async function visible(path: string): Promise<readonly string[]> {
  return (await all(path)).filter((name) => !name.startsWith('.'));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
