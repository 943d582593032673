import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { readManifest } from '../../src/contract/batch-object.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { type Fault, S3Server } from '../servers/s3-server.ts';
import {
  assertEachOnceInOrder,
  freshEnvironment,
  MAIN,
  postLogs,
  type ReadObject,
  RunningSystem,
  readRecords,
} from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/*
 * A real agent under load is killed at random instants, also while it starts, and started again; the archive fails now and then, and
 * loses answers. Clients repeat what they got no answer to, with the same Idempotency-Key. In the end everything that was
 * acknowledged is in the archive, exactly once and in order, without a gap. NERVESYS_SEED=n repeats the instants.
 */

const AGENTS = ['GROK', 'GIMAI', 'DEEPSEEK', 'COPILOT'];
const KILLS = 8;
/** So long it lives at most, from its start or from when it is ready: some are killed before they ever are. */
const ALIVE_MS_MAX = 1_000;
const KILLED_EARLY = 0.3;
const FAULTS: readonly Fault[] = [
  { type: 'status', status: 503 },
  { type: 'status', status: 500 },
  { type: 'dropBefore' },
  { type: 'dropAfter' },
  { type: 'dropAfter' }, // twice as often: it is what a batch may be stored twice by
];

test('an agent that is killed again and again loses nothing it has acknowledged, and archives nothing twice', async (t) => {
  const seed = Number(process.env['NERVESYS_SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`NERVESYS_SEED=${seed}`);
  const random = seededRandom(seed);
  const home = await tempDir(t);
  await using s3 = await S3Server.start();
  const settings = {
    STORJ_ACCESS_KEY: s3.accessKey,
    STORJ_SECRET_KEY: s3.secretKey,
    STORJ_BUCKET: s3.bucket,
    STORJ_REGION: s3.region,
    STORJ_ENDPOINT: s3.endpoint,
    NERVESYS_SERVER: 'AIGARDEN01',
  };
  const loaded = new AbortController();
  const clients = AGENTS.map((agentId) => sendUntil(loaded.signal, home, agentId));
  const trouble = makeTrouble(loaded.signal, home, s3, random);

  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [MAIN, 'agent', '--agent-port', '0', '--home', home], {
      env: freshEnvironment(home, settings),
      stdio: 'ignore',
    });
    t.after(() => child.kill('SIGKILL'));
    if (random() >= KILLED_EARLY) await until('it is ready', () => isReady(home, child), 20_000);
    await sleep(random() * ALIVE_MS_MAX);
    assert.equal(child.exitCode, null, 'the agent ended by itself');
    await killed(child);
  }
  const last = await RunningSystem.start(t, home, ['agent', '--agent-port', '0'], settings);
  loaded.abort();
  const acknowledged = await Promise.all(clients);
  await trouble;
  s3.heal();
  await until('everything is archived', async () => (await flush(home)).ok, 15_000);
  assert.equal(await last.stop(), 0, last.output);

  const objects = [...s3.objects].map(([key, { body }]) => ({ key, body }));
  const records = readRecords(objects);
  const counts = AGENTS.map((agentId, i) => `${agentId} ${acknowledged[i]}`).join(', ');
  t.diagnostic(`${counts}; ${objects.length} objects`);
  AGENTS.forEach((agentId, i) => {
    assert.ok(acknowledged[i]! > 0, `${agentId} was never heard`);
    assertEachOnceInOrder(records, agentId, acknowledged[i]!);
  });
  assertUnbroken(objects);
});

/**
 * One AI agent's client: sends requests one after the other until it is told to stop, each until it has an answer. Resolves with
 * how many records it sent, numbered from 1.
 */
async function sendUntil(signal: AbortSignal, home: string, agentId: string): Promise<number> {
  let sent = 0;
  while (!signal.aborted) {
    const count = 1 + (sent % 37);
    const lines = Array.from({ length: count }, (_, i) =>
      JSON.stringify({
        agent_id: agentId,
        message: `line ${sent + i + 1} ${'.'.repeat(300)}`,
        context: { n: sent + i + 1 },
      }),
    );
    const headers = { 'idempotency-key': randomUUID() };
    await until(
      `${agentId} has an answer`,
      async () => {
        const answer = await attempt(() => postLogs(addressOf(home), lines.join('\n'), headers));
        if (answer === undefined || answer.status === 429 || answer.status === 503) return false;
        assert.deepEqual([answer.status, await answer.json()], [200, { accepted: count, dropped: 0, rejected: [] }]);
        return true;
      },
      20_000,
    );
    sent += count;
  }
  return sent;
}

/** The archive has its bad moments, and somebody asks for everything to be sent, so that kills meet sealing and sending. */
async function makeTrouble(signal: AbortSignal, home: string, s3: S3Server, random: () => number): Promise<void> {
  while (!signal.aborted) {
    await sleep(20 + random() * 150);
    if (random() < 0.35) s3.failNext(1 + Math.floor(random() * 3), FAULTS[Math.floor(random() * FAULTS.length)]!);
    void attempt(() => flush(home)); // not waited for: the agent may be killed before it answers
  }
}

function flush(home: string): Promise<Response> {
  return fetch(`${addressOf(home)}/flush`, { method: 'POST', signal: AbortSignal.timeout(5_000) });
}

/** Where the agent was last; it may be dead by now. */
function addressOf(home: string): string {
  return (JSON.parse(readFileSync(join(home, 'agent', 'address.json'), 'utf8')) as { url: string }).url;
}

function isReady(home: string, child: ChildProcess): boolean {
  assert.equal(child.exitCode, null, 'the agent ended by itself');
  try {
    return (JSON.parse(readFileSync(join(home, 'agent', 'address.json'), 'utf8')) as { pid: number }).pid === child.pid;
  } catch {
    return false; // not there yet, or half written
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined; // nobody is there, or it died before it answered
  }
}

async function killed(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Of one epoch, each sequence from 1 on stands in exactly one object, and each object is what its manifest says. */
function assertUnbroken(objects: readonly ReadObject[]): void {
  const manifests = objects.map(({ key, body }) => {
    const manifest = readManifest(body)!;
    assert.equal(sha256Hex(gunzipSync(body)), manifest.text_sha256, key);
    return manifest;
  });
  assert.equal(new Set(manifests.map(({ epoch }) => epoch)).size, 1, 'one epoch: the buffer was never begun anew');
  let next = 1;
  for (const { first, last, records } of manifests.sort((a, b) => a.first - b.first)) {
    assert.equal(first, next, 'sequences follow on');
    assert.equal(records, last - first + 1);
    next = last + 1;
  }
}

function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
