/**
 * A server that gets another name while batches still wait: what was sealed under the former name must reach the archive under it, and
 * nobody who doesn't hold that name's key may write there.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { loadOrEnrol } from '../../src/agent/bootstrap/enrolment.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import { builtInConfig } from '../../src/config/index.ts';
import { parseToken } from '../../src/contract/enrolment.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { renameProof } from '../../src/contract/rename-proof.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { announce, archiveBatch, confirm, type Fleet, KEY, openFleet } from '../support/archive-fleet.ts';
import { makeBatch } from '../support/batch.ts';
import { openBuffer, SERVER } from '../support/local-api.ts';
import { TestPostgres } from '../support/postgres.ts';
import { readFolderArchive, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';

const FORMER = SERVER; // AIGARDEN01, whose key `openFleet` gives
const RENAMED = 'AIGARDEN09' as ServerName;

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

/** Joins as `server`, showing a proof made with `key`; answers the new key. */
async function joinAs(
  { orchestrator }: Fleet,
  server: string,
  former?: { readonly server: string; readonly key: string; readonly tokenSecret?: string },
): Promise<string> {
  const secret = parseToken((await orchestrator.orchestrator.createToken()).token)!.secret;
  const proof =
    former &&
    renameProof({
      keySha256: sha256Hex(former.key),
      former: former.server as ServerName,
      server: server as ServerName,
      tokenSecret: former.tokenSecret ?? secret,
    });
  const body = { secret, server, agent_version: '0.1.0', boot_id: null };
  const named = former === undefined ? body : { ...body, former: { server: former.server, proof } };
  const answer = await orchestrator.ask('POST', '/api/v1/enroll', { key: null, body: named });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.key;
}

const keyOf = (fleet: Fleet, key: string): Fleet => ({ ...fleet, key });
const recently = () => new Date(Math.floor(Date.now() / 600_000) * 600_000).toISOString();

async function openAgent(t: TestContext, home: string, server: ServerName, url: string, token: string): Promise<Agent> {
  const agent = await Agent.open({
    home,
    server,
    config: await builtInConfig(),
    port: 0,
    join: { token, url },
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  return agent;
}

test('a renamed server brings what waited to the archive under its former name, and goes on under the new one', async (t) => {
  const fleet = await openFleet(t, postgres);
  const { url, orchestrator } = fleet.orchestrator;
  const home = await tempDir(t);
  await mkdir(join(home, 'agent'), { recursive: true });
  const token = async () => (await orchestrator.createToken()).token;
  await loadOrEnrol({
    home,
    server: FORMER,
    token: await token(),
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  const buffer = openBuffer(join(home, 'agent'));
  await buffer.append([encodeObject({ message: 'sealed before' }, { server: FORMER, now: Date.now() })]);
  await buffer.seal();
  await buffer.close();

  const agent = await openAgent(t, home, RENAMED, url, await token());
  const posted = await fetch(`${agent.url}/logs`, { method: 'POST', body: '{"message":"written after"}' });
  assert.equal(posted.status, 200);
  const { objects } = await agent.flush();

  assert.deepEqual(
    objects.map((key) => key.split('/')[1]),
    [FORMER, RENAMED],
  );
  const records = readRecords(await readFolderArchive(join(fleet.orchestrator.home, 'archive')));
  assert.deepEqual(
    records.map(({ server, message }) => [server, message]),
    [
      [FORMER, 'sealed before'],
      [RENAMED, 'written after'],
    ],
  );
});

test('who proves the former key archives under the former name, confirmation included', async (t) => {
  const fleet = await openFleet(t, postgres);
  const renamed = keyOf(fleet, await joinAs(fleet, RENAMED, { server: FORMER, key: fleet.key }));
  const batch = makeBatch({});

  assert.equal(await archiveBatch(renamed, batch), KEY);
  assert.deepEqual((await announce(renamed, batch)).json, { state: 'archived', key: KEY });
  assert.equal((await announce(fleet, makeBatch({ first: 4 }))).status, 200, 'the former key still opens');
});

test('a wrong proof lets the server in by its token, and opens no other name', async (t) => {
  const fleet = await openFleet(t, postgres);
  const other = await fleet.orchestrator.enrol('AIGARDEN02');
  const proofs = [
    { server: FORMER, key: 'guessed' },
    { server: FORMER, key: other },
    { server: FORMER, key: fleet.key, tokenSecret: 'of another enrolment' },
    { server: 'AIGARDEN77', key: fleet.key },
    undefined,
  ];
  for (const former of proofs) {
    const key = await joinAs(fleet, RENAMED, former);

    const refused = await announce(fleet, makeBatch({}), key);
    assert.equal(refused.status, 403, JSON.stringify(former));
    assert.equal(refused.json.code, 'NSV_FORBIDDEN');
    assert.equal((await announce(fleet, makeBatch({ server: RENAMED, epoch: 'fedcba9876543210' }), key)).status, 200);
  }
  assert.equal((await confirm(keyOf(fleet, other), makeBatch({}), {})).status, 403);
});

test('a former key that was revoked proves nothing', async (t) => {
  const fleet = await openFleet(t, postgres);
  const revoked = await fleet.orchestrator.ask('POST', `/api/v1/servers/${FORMER}/revoke`, { body: {} });
  assert.ok(revoked.status < 300, revoked.text);

  const key = await joinAs(fleet, RENAMED, { server: FORMER, key: fleet.key });

  assert.equal((await announce(fleet, makeBatch({}), key)).status, 403);
});

test('the right ends with the rename: a window that began after it belongs to who bears the name then', async (t) => {
  const fleet = await openFleet(t, postgres);
  const key = await joinAs(fleet, RENAMED, { server: FORMER, key: fleet.key });
  const later = new Date(Date.parse(recently()) + 2 * 86_400_000).toISOString();

  assert.equal((await announce(fleet, makeBatch({ window: recently() }), key)).status, 200);
  assert.equal((await announce(fleet, makeBatch({ window: later, first: 4 }), key)).status, 403);
  assert.equal((await announce(fleet, makeBatch({ window: later, first: 4 }))).status, 200, 'the name itself may');
});

test('a server renamed twice still brings what it sealed under its first name', async (t) => {
  const fleet = await openFleet(t, postgres);
  const second = await joinAs(fleet, RENAMED, { server: FORMER, key: fleet.key });
  const third = await joinAs(fleet, 'AIGARDEN10', { server: RENAMED, key: second });

  assert.equal(await archiveBatch(keyOf(fleet, third), makeBatch({})), KEY);
});
