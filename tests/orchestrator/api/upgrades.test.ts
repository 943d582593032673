import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { FAILURES_MAX, UPGRADES_AT_ONCE_MAX } from '../../../src/orchestrator/database/queries/agent-upgrades.ts';
import { sha256Hex } from '../../../src/platform/digest.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { tempDir } from '../../support/temp-dir.ts';

const PROGRAM = '#!/usr/bin/env node\nconsole.log("the agent");\n';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

async function open(t: TestContext) {
  const folder = await tempDir(t);
  const bundle = join(folder, 'agent.cjs');
  await writeFile(bundle, PROGRAM);
  const orchestrator = await TestOrchestrator.open(t, await postgres.database(), {
    agentFiles: { bundle: () => Promise.resolve(bundle), node: bundle, unit: bundle, bootstrap: bundle },
  });
  const keys = new Map<string, string>();
  return {
    orchestrator,
    bundle,
    keys,
    join: async (count: number) => {
      for (let i = 1; i <= count; i++) {
        const server = `AIGARDEN${String(i).padStart(2, '0')}`;
        keys.set(server, await orchestrator.enrol(server));
      }
    },
    order: async (server: string) =>
      (await orchestrator.ask('GET', '/api/v1/agent/upgrade', { key: keys.get(server) })).json.order,
    report: (server: string, outcome: string, reason: string | null = null, sha256 = sha256Hex(PROGRAM)) =>
      orchestrator.ask('POST', '/api/v1/agent/upgrade', {
        key: keys.get(server),
        body: { bundle_sha256: sha256, outcome, reason },
      }),
    status: async () => (await orchestrator.ask('GET', '/api/v1/upgrades')).json,
  };
}

test('ten servers are told at a time, and after three that went back no other is, until somebody asks again', async (t) => {
  const { orchestrator, keys, join: enrol, order, report, status } = await open(t);
  await enrol(UPGRADES_AT_ONCE_MAX + 4);
  const servers = [...keys.keys()];
  assert.equal(await order('AIGARDEN01'), null, 'nobody has asked');

  const asked = await orchestrator.ask('POST', '/api/v1/upgrades', { body: { server: 'AIGARDEN*' } });
  const first = await Promise.all(servers.slice(0, UPGRADES_AT_ONCE_MAX).map(order));
  const eleventh = await order(servers[UPGRADES_AT_ONCE_MAX]!);
  await report(servers[0]!, 'done');
  const itsTurn = await order(servers[UPGRADES_AT_ONCE_MAX]!);
  for (const server of servers.slice(1, 1 + FAILURES_MAX)) await report(server, 'failed', 'it ended with exit code 1');
  const halted = await order(servers[UPGRADES_AT_ONCE_MAX + 1]!);
  const between = await status();
  const toldAgain = await order(servers[5]!);
  await orchestrator.ask('POST', '/api/v1/upgrades', { body: { server: 'AIGARDEN*' } });
  const onceMore = await order(servers[UPGRADES_AT_ONCE_MAX + 1]!);

  assert.deepEqual(asked.json.asked, servers);
  const expected = { version: between.bundle.version, bundle_sha256: sha256Hex(PROGRAM), bundle_bytes: PROGRAM.length };
  assert.deepEqual(first, Array(UPGRADES_AT_ONCE_MAX).fill(expected));
  assert.deepEqual([eleventh, itsTurn, halted], [null, expected, null]);
  assert.deepEqual(toldAgain, expected, 'one that is at it already goes on');
  assert.equal(between.halted, true);
  assert.deepEqual(
    between.upgrades.slice(0, 3).map(({ state, reason }: { state: string; reason: string | null }) => [state, reason]),
    [
      ['done', null],
      ['failed', 'it ended with exit code 1'],
      ['failed', 'it ended with exit code 1'],
    ],
  );
  assert.deepEqual(onceMore, expected);
  assert.equal((await status()).halted, false);
});

test('a beat tells an agent that there is something to ask for, and taken back it tells nothing any more', async (t) => {
  const { orchestrator, keys, join: enrol, order, status } = await open(t);
  await enrol(2);
  const beat = async (server: string) =>
    (await orchestrator.ask('POST', '/api/v1/heartbeats', { key: keys.get(server), body: { heartbeats: [] } })).json
      .upgrade;

  const before = await beat('AIGARDEN01');
  await orchestrator.ask('POST', '/api/v1/upgrades', { body: { server: 'AIGARDEN0?' } });
  const asked = await beat('AIGARDEN01');
  await order('AIGARDEN01');
  const cancelled = await orchestrator.ask('DELETE', '/api/v1/upgrades');

  assert.deepEqual([before, asked], [undefined, true]);
  assert.deepEqual(cancelled.json, { cancelled: ['AIGARDEN02'] }, 'one that has begun is left to it');
  assert.equal(await beat('AIGARDEN02'), undefined);
  assert.equal((await status()).upgrades.length, 1);
});

test('only admins ask for upgrades, an agent sees and reports its own alone, and nonsense is refused', async (t) => {
  const { orchestrator, keys, join: enrol, report, status } = await open(t);
  await enrol(2);
  const operator = (await orchestrator.ask('POST', '/api/v1/keys', { body: { name: 'robot', role: 'operator' } })).json
    .key;
  const ask = (key: string | null | undefined, body: unknown = { server: '*' }) =>
    orchestrator.ask('POST', '/api/v1/upgrades', { key, body });

  assert.equal((await ask(operator)).status, 403);
  assert.equal((await ask(keys.get('AIGARDEN01'))).status, 403);
  assert.equal((await ask(null)).status, 401);
  assert.equal((await ask(undefined, { server: "x'; DROP TABLE servers; --" })).status, 400);
  assert.equal((await ask(undefined, { server: 'NOBODY' })).json.code, 'NSV_NOT_FOUND');
  assert.equal((await ask(undefined)).status, 202);
  assert.equal((await orchestrator.ask('GET', '/api/v1/agent/upgrade')).status, 403, 'people are no agents');
  assert.equal((await orchestrator.ask('GET', '/api/v1/agent/upgrade', { key: null })).status, 401);
  assert.equal((await orchestrator.ask('GET', '/api/v1/upgrades', { key: keys.get('AIGARDEN01') })).status, 403);
  assert.equal((await report('AIGARDEN01', 'perfect')).status, 400);
  assert.equal((await report('AIGARDEN01', 'failed', 'x'.repeat(501))).status, 400);
  assert.equal((await report('AIGARDEN01', 'failed', null, sha256Hex('another'))).status, 204);
  assert.equal((await status()).upgrades[0].state, 'asked', 'another program was not asked for');
  await orchestrator.ask('POST', '/api/v1/servers/AIGARDEN01/revoke');
  assert.equal((await report('AIGARDEN01', 'done')).json.code, 'NSV_AGENT_REVOKED');
});
