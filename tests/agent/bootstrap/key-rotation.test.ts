import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { loadOrEnrol } from '../../../src/agent/bootstrap/enrolment.ts';
import { readKeyFile } from '../../../src/agent/bootstrap/key-file.ts';
import { rotateKey } from '../../../src/agent/bootstrap/key-rotation.ts';
import { OrchestratorClient } from '../../../src/agent/orchestrator-client.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeOrchestrator } from '../../support/fake-orchestrator.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { tempDir } from '../../support/temp-dir.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());
const SERVER = 'AIGARDEN02' as ServerName;

/** A server that has joined and whose key is due. */
async function joined(t: TestContext) {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const home = await tempDir(t);
  const { token } = await system.orchestrator.createToken();
  const enrolled = await loadOrEnrol({
    home,
    server: SERVER,
    token,
    clock: systemClock,
    random: () => 0.5,
    logger: silentLogger,
  });
  const ask = () => system.ask('POST', `/api/v1/servers/${SERVER}/rotate-key`);
  await ask();
  const storedKey = async () => {
    const stored = await readKeyFile(home);
    assert.ok(stored !== undefined && stored !== 'damaged');
    return stored.key;
  };
  const beats = async (key: string) =>
    (await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [] } })).status;
  return { system, home, enrolled, ask, storedKey, beats };
}

test('killed at any step of the exchange, the key that is stored opens, and the next exchange goes through', async (t) => {
  const { home, enrolled, ask, storedKey, beats } = await joined(t);
  let before = enrolled.key;

  for (const step of ['before', 'answered', 'written', 'exchanged', 'used']) {
    await ask();
    const program = join(import.meta.dirname, 'rotating-program.ts');
    const child = spawn(process.execPath, [program, home, step], { stdio: ['ignore', 'inherit', 'inherit'] });
    const [, signal] = await once(child, 'exit');
    assert.equal(signal, 'SIGKILL', step);

    const key = await storedKey();
    assert.equal(key === before, step === 'before' || step === 'answered', step);
    assert.equal(await beats(key), 200, step);
    assert.equal((await stat(join(home, 'agent', 'agent.key'))).mode & 0o777, 0o600);
    before = key;
  }

  assert.deepEqual(await readdir(join(home, 'agent')), ['agent.key']);
  assert.equal(await beats(enrolled.key), 403);
});

test('requests that are under way while the key changes all arrive', async (t) => {
  const { home, enrolled, storedKey, beats } = await joined(t);
  await using client = new OrchestratorClient({ ...enrolled, clock: systemClock });
  let going = true;
  let arrived = 0;
  const senders = Array.from({ length: 8 }, async () => {
    while (going) {
      await client.sendHeartbeats([]);
      arrived++;
    }
  });

  await rotateKey({ home, client, logger: silentLogger });
  const atChange = arrived;
  while (arrived < atChange + 50) await client.sendHeartbeats([]);
  going = false;
  await Promise.all(senders);

  assert.deepEqual([await beats(enrolled.key), await beats(await storedKey())], [403, 200]);
});

test('a request that was under way with the old key when it went is sent again with the new one, once', async (t) => {
  const far = await FakeOrchestrator.start(t);
  await using client = new OrchestratorClient({ url: far.url, key: 'old', clock: systemClock });
  const revoked = { status: 403, body: { code: 'NSV_AGENT_REVOKED', detail: 'exchanged' } };
  far.answer = ({ authorization }) => {
    client.useKey('new'); // while the far end looks at the request
    return authorization === 'Bearer old' ? revoked : { status: 200, body: { accepted: 0, rejected: [], now: '' } };
  };

  await client.sendHeartbeats([]);
  assert.deepEqual(
    far.requests.map(({ authorization }) => authorization),
    ['Bearer old', 'Bearer new'],
  );
  far.answer = () => revoked;
  await assert.rejects(client.sendHeartbeats([]), { code: 'NSV_AGENT_REVOKED' });
  assert.equal(far.requests.length, 3, 'the key in use is what was refused');
});

test('a folder that takes no file leaves the old key in use', async (t) => {
  const { enrolled, beats } = await joined(t);
  await using client = new OrchestratorClient({ ...enrolled, clock: systemClock });
  const elsewhere = await tempDir(t);

  await assert.rejects(rotateKey({ home: elsewhere, client, logger: silentLogger }), { code: 'NSV_HOME_UNUSABLE' });

  await client.sendHeartbeats([]);
  assert.equal(await beats(enrolled.key), 200);
});
