/** A model behind an address: the server is real, strict, and misbehaves as servers do. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { HttpModel } from '../../../../src/agent/edge-ai/model/http-model.ts';
import { buildPrompt } from '../../../../src/agent/edge-ai/model/prompt.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { describeError } from '../../../../src/platform/errors.ts';
import { ModelServer, type Scripted } from '../../../servers/model-server.ts';

const GOOD = '{"verdict":"critical","reason":"the disk is full"}';
const PROMPT = buildPrompt({ text: 'disk <*> is full', example: 'disk sda is full', agentId: 'GROK', similar: [] });
const limits = { deadlineMs: 10_000, signal: new AbortController().signal };

test('a server that enforces a schema is asked by one, with what it needs and nothing it does not know', async () => {
  await using server = await ModelServer.start({ answer: () => GOOD });

  assert.equal(await ask(server), GOOD);

  const [request] = server.requests;
  assert.equal(request?.response_format?.type, 'json_schema');
  assert.deepEqual(
    request?.messages.map(({ role }) => role),
    ['system', 'user'],
  );
});

for (const [refusesBy, forms, used] of [
  [400, ['json_object', 'text'], 'json_object'],
  [500, ['json_object', 'text'], 'json_object'],
  [422, ['text'], undefined],
] as const)
  test(`a server that refuses a schema by ${refusesBy} is asked by the next form that it knows`, async () => {
    await using server = await ModelServer.start({ answer: () => GOOD, forms, refusesBy });
    const model = open(server);

    assert.equal(await model.ask(PROMPT, limits), GOOD);

    assert.equal(server.requests[0]?.response_format?.type, used);
  });

test('a newer model, which knows neither temperature nor max_tokens, is asked as it wants to be', async () => {
  await using server = await ModelServer.start({ answer: () => GOOD, isNew: true });
  const model = open(server);

  assert.equal(await model.ask(PROMPT, limits), GOOD);
  assert.equal(await model.ask(PROMPT, limits), GOOD);

  assert.equal(server.seen.length, 4 + 1);
  assert.equal(server.requests[0]?.response_format?.type, 'json_schema');
});

test('what a server has refused plainly is not tried again with each question', async () => {
  await using server = await ModelServer.start({ answer: () => GOOD, forms: ['text'], refusesBy: 400 });
  const model = open(server);

  await model.ask(PROMPT, limits);
  await model.ask(PROMPT, limits);

  assert.equal(server.seen.length, 3 + 1);
});

for (const [what, scripted, expected] of [
  ['500', { status: 500 }, { code: 'NSV_MODEL_UNREACHABLE', retryable: true }],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '7' } }, { facts: { retryAfterMs: 7_000 } }],
  ['403', { status: 403, body: 'no' }, { code: 'NSV_MODEL_DENIED', retryable: false }],
  ['404', { status: 404 }, { code: 'NSV_MODEL_UNUSABLE' }],
  ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, { code: 'NSV_MODEL_UNUSABLE' }],
  ['no JSON', { raw: '<html>' }, { code: 'NSV_MODEL_ANSWER_INVALID' }],
  ['JSON of another kind', { raw: '{"choices":{"0":1}}' }, { code: 'NSV_MODEL_ANSWER_INVALID' }],
  ['null', { raw: 'null' }, { code: 'NSV_MODEL_ANSWER_INVALID' }],
  ['no text', { raw: '{"choices":[{"message":{"content":null}}]}' }, { code: 'NSV_MODEL_ANSWER_INVALID' }],
  [
    'a huge answer',
    { raw: `{"x":"${'x'.repeat(3_000_000)}"}` },
    { code: 'NSV_MODEL_UNREACHABLE', message: /larger than/ },
  ],
] as const satisfies readonly (readonly [string, Scripted, object])[])
  test(`a server that answers with ${what} fails the question`, async () => {
    await using server = await ModelServer.start({ answer: () => scripted });

    await assert.rejects(ask(server), expected);
  });

for (const manner of ['hang', 'half'] as const)
  test(`a server that falls silent (${manner}) fails the question at the deadline`, async () => {
    await using server = await ModelServer.start({ answer: () => manner });

    await assert.rejects(open(server).ask(PROMPT, { ...limits, deadlineMs: 200 }), {
      code: 'NSV_MODEL_UNREACHABLE',
      message: /no answer within/,
    });
  });

test('where nothing listens, or accepts and says nothing, the question fails', async () => {
  const silent = net.createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as net.AddressInfo;
  const model = new HttpModel({ url: `http://127.0.0.1:${port}`, name: 'm', key: undefined, clock: systemClock });

  await assert.rejects(model.ask(PROMPT, { ...limits, deadlineMs: 200 }), { code: 'NSV_MODEL_UNREACHABLE' });
  await new Promise((resolve) => silent.close(resolve));
  await assert.rejects(model.ask(PROMPT, limits), { code: 'NSV_MODEL_UNREACHABLE', message: /nothing listens/ });
});

test('the key goes to the server, and into no error and no body', async () => {
  const key = 'sk-very-secret';
  await using server = await ModelServer.start({ answer: () => ({ status: 500, body: key }), key });
  const model = open(server, key);

  const failure = await model.ask(PROMPT, limits).catch((error: unknown) => error);
  const denied = await open(server, 'sk-other')
    .ask(PROMPT, limits)
    .catch((error: unknown) => error);

  assert.equal(server.seen[0]?.headers.authorization, `Bearer ${key}`);
  assert.ok(server.seen.every(({ body }) => !body.includes(key)));
  for (const error of [failure, denied]) {
    assert.ok(error instanceof Error);
    assert.doesNotMatch(`${describeError(error)} ${JSON.stringify(error)} ${error.stack}`, /sk-/);
  }
  assert.doesNotMatch(model.identity, /sk-/);
});

test('who stops asking gets its reason', async () => {
  await using server = await ModelServer.start({ answer: () => 'hang' });
  const stop = new AbortController();
  const asked = open(server).ask(PROMPT, { deadlineMs: 10_000, signal: stop.signal });

  stop.abort(new DOMException('closing', 'AbortError'));

  await assert.rejects(asked, { name: 'AbortError', message: 'closing' });
});

test('plain HTTP is taken to this machine and to private addresses only, and https everywhere', () => {
  const use = (url: string) => new HttpModel({ url, name: 'm', key: undefined, clock: systemClock });

  for (const url of [
    'http://127.0.0.1:11434',
    'http://localhost:8080/v1',
    'http://[::1]:8080',
    'http://10.0.0.7/v1/',
    'http://192.168.1.9:1',
    'http://172.31.0.1',
    'http://[fd00::7]:80/v1',
    'https://api.example.com/v1',
  ])
    assert.doesNotThrow(() => use(url), url);
  for (const url of [
    'http://api.example.com/v1',
    'http://ollama:11434',
    'http://8.8.8.8',
    'http://172.32.0.1',
    'http://169.254.169.254/latest',
    'http://[fe80::1]',
    'http://[::ffff:8.8.8.8]',
    'http://127.0.0.1.example.com',
    'http://0x08080808/',
    'ftp://127.0.0.1',
    'https://user:password@example.com',
    'nonsense',
    '',
  ])
    assert.throws(() => use(url), { code: 'NSV_MODEL_UNUSABLE' }, url);
});

function open(server: ModelServer, key?: string): HttpModel {
  return new HttpModel({ url: server.url, name: 'test-model', key, clock: systemClock });
}

function ask(server: ModelServer): Promise<string> {
  return open(server).ask(PROMPT, limits);
}
