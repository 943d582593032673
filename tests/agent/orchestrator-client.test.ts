import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrchestratorClient } from '../../src/agent/orchestrator-client.ts';
import type { BatchConfirmation } from '../../src/contract/batch.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { describeError, type NervesysError } from '../../src/platform/errors.ts';
import { FakeOrchestrator } from '../support/fake-orchestrator.ts';

const KEY = 'key-that-must-not-be-told';

async function fixture(t: import('node:test').TestContext) {
  const far = await FakeOrchestrator.start(t);
  const client = new OrchestratorClient({ url: `${far.url}/`, key: KEY, clock: systemClock, timeoutMs: 300 });
  t.after(() => client.close());
  return { far, client };
}

test('each call goes to its address with the key', async (t) => {
  const { far, client } = await fixture(t);
  await client.sendHeartbeats([]);
  far.answer = () => ({ status: 204 });
  await client.sendAlerts([]);
  far.answer = () => ({ status: 200, body: { state: 'archived', key: 'k' } });
  assert.deepEqual(await client.confirmBatch({ key: 'k' } as BatchConfirmation), { state: 'archived', key: 'k' });
  far.answer = () => ({ status: 201, body: { key: 'new', server: 'A' } });
  await client.enrol({ secret: 's', server: 'A' as ServerName, agent_version: '1', boot_id: null });

  assert.deepEqual(
    far.requests.map(({ path, authorization }) => [path, authorization]),
    ['heartbeats', 'alerts', 'batches/confirm', 'enroll'].map((path) => [`/api/v1/${path}`, `Bearer ${KEY}`]),
  );
});

test('a refusal keeps its reason; revocations and tokens keep their code; only passing trouble is retryable', async (t) => {
  const { far, client } = await fixture(t);
  const cases = [
    [403, 'NSV_AGENT_REVOKED', 'NSV_AGENT_REVOKED', false],
    [401, 'NSV_TOKEN_EXPIRED', 'NSV_TOKEN_EXPIRED', false],
    [401, 'NSV_UNAUTHORIZED', 'NSV_ORCHESTRATOR_REFUSED', false],
    [400, undefined, 'NSV_ORCHESTRATOR_REFUSED', false],
    [302, undefined, 'NSV_ORCHESTRATOR_REFUSED', false],
    [429, 'NSV_TOO_BUSY', 'NSV_ORCHESTRATOR_REFUSED', true],
    [503, 'NSV_DATABASE_UNREACHABLE', 'NSV_ORCHESTRATOR_REFUSED', true],
    [502, undefined, 'NSV_ORCHESTRATOR_REFUSED', true],
  ] as const;

  for (const [status, farCode, code, retryable] of cases) {
    const body = farCode === undefined ? '<html>' : { code: farCode, detail: 'why', hint: 'do this' };
    far.answer = () => ({ status, body, headers: { 'retry-after': '7' } });
    await assert.rejects(client.sendHeartbeats([]), (error: NervesysError) => {
      assert.deepEqual([error.code, error.retryable], [code, retryable], `${status} ${farCode}`);
      assert.deepEqual(
        [error.facts['status'], error.facts['code'], error.facts['retryAfterMs']],
        [status, farCode, 7000],
      );
      if (farCode !== undefined) assert.deepEqual([error.hint, /why/.test(error.message)], ['do this', true]);
      assert.ok(!JSON.stringify([describeError(error), error.facts]).includes(KEY));
      return true;
    });
  }
});

test('silence, a reset and nobody there are unreachable and retryable', async (t) => {
  const { far, client } = await fixture(t);
  const unreachable = (error: NervesysError) => {
    assert.deepEqual([error.code, error.retryable], ['NSV_ORCHESTRATOR_UNREACHABLE', true]);
    return true;
  };

  far.answer = () => 'hang';
  await assert.rejects(client.sendHeartbeats([]), unreachable);
  far.answer = () => 'reset';
  await assert.rejects(client.sendHeartbeats([]), unreachable);
  await far.stop();
  await assert.rejects(client.sendHeartbeats([]), unreachable);
});

test('what no orchestrator would answer is refused, and may pass', async (t) => {
  const { far, client } = await fixture(t);

  for (const body of ['<html>sign in</html>', '[]', {}, { rejected: 1, now: 'x' }]) {
    far.answer = () => ({ status: 200, body });
    await assert.rejects(client.sendHeartbeats([]), { code: 'NSV_ORCHESTRATOR_REFUSED', retryable: true });
    await assert.rejects(client.confirmBatch({} as BatchConfirmation), { code: 'NSV_ORCHESTRATOR_REFUSED' });
  }
});

test('aborting rejects with the reason', async (t) => {
  const { far, client } = await fixture(t);
  far.answer = () => 'hang';
  const reason = new Error('closing');

  await assert.rejects(client.sendHeartbeats([], AbortSignal.abort(reason)), (error) => error === reason);
});

test('the tag of the corrections is heard from beats and from polls, and a poll tells which one was heard', async (t) => {
  const fake = await FakeOrchestrator.start(t);
  const client = new OrchestratorClient({ url: fake.url, key: 'k', clock: systemClock });
  t.after(() => client.close());
  const heard: string[] = [];
  client.onCorrectionsTag((tag) => heard.push(tag));
  const answers = [
    { status: 304, headers: { 'nervesys-corrections': 'aa11' } },
    { status: 200, body: { accepted: 0, rejected: [], now: new Date().toISOString(), triage_corrections: 'bb22' } },
    { status: 304, headers: { 'nervesys-corrections': 'not a tag!' } },
    { status: 304 },
  ];
  fake.answer = () => answers.shift()!;

  await client.pollConfig('000000000000', 1);
  await client.sendHeartbeats([]);
  await client.pollConfig('000000000000', 1);
  await client.pollConfig('000000000000', 1);

  assert.deepEqual(heard, ['aa11', 'bb22']);
  assert.deepEqual(
    fake.requests.map(({ path }) => path).filter((path) => path.startsWith('/api/v1/config')),
    ['/api/v1/config?wait=1', '/api/v1/config?wait=1&corrections=bb22', '/api/v1/config?wait=1&corrections=bb22'],
  );
});

test('corrections are taken as far as they are some; an answer that holds none is refused, 304 means the same as before', async (t) => {
  const fake = await FakeOrchestrator.start(t);
  const client = new OrchestratorClient({ url: fake.url, key: 'k', clock: systemClock });
  t.after(() => client.close());
  const good = { template: '0123456789abcdef', text: 'a <*>', mark: 'ordinary' };
  const answers = [
    { status: 200, body: { tag: 'aa', corrections: [good, { mark: 'maybe' }] } },
    { status: 304 },
    { status: 200, body: { hello: 'world' } },
    { status: 404, body: { code: 'NSV_NOT_FOUND' } },
  ];
  fake.answer = () => answers.shift()!;

  assert.deepEqual(await client.fetchCorrections(undefined), { tag: 'aa', corrections: [good] });
  assert.equal(await client.fetchCorrections('aa'), undefined);
  await assert.rejects(client.fetchCorrections('aa'), { code: 'NSV_ORCHESTRATOR_REFUSED', retryable: true });
  await assert.rejects(client.fetchCorrections('aa'), { code: 'NSV_ORCHESTRATOR_REFUSED', retryable: false });
});
