import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BufferStats } from '../../src/agent/buffer/types.ts';
import { BackfillSender } from '../../src/agent/heartbeat/backfill-sender.ts';
import { type HeartbeatDoor, HeartbeatSender } from '../../src/agent/heartbeat/heartbeat-sender.ts';
import { MissedBeats } from '../../src/agent/heartbeat/missed-beats.ts';
import { AgentRegistry } from '../../src/agent/registry.ts';
import type { Heartbeat } from '../../src/contract/heartbeat.ts';
import type { AgentId, Epoch, ServerName } from '../../src/contract/ids.ts';
import { checkHeartbeat } from '../../src/orchestrator/fleet/heartbeat-check.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { openTables } from '../support/buffer-tables.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';

/*
 * The orchestrator is away for three days of virtual time, the agent is restarted meanwhile, and answers are lost. The orchestrator here does
 * with beats what the real one's table does: a timestamp of an AI agent counts once, and the first that came stays.
 */

const SERVER = 'AIGARDEN01' as ServerName;
const DAY_MS = 86_400_000;
const AGENTS = ['GROK', 'GIMAI', 'COPILOT'];
const STATS: BufferStats = {
  epoch: '0123456789abcdef' as Epoch,
  bytes: 500_000,
  limitBytes: 100_000_000,
  records: 7,
  openRecords: 7,
  batches: [],
  oldestAt: null,
  lastArchivedAt: null,
  lastSequence: 7,
  lostRecords: 0,
  droppedRecords: 0,
  rememberedKeys: 0,
  held: false,
};

class History implements HeartbeatDoor {
  readonly #clock: FakeClock;
  readonly history = new Map<string, Heartbeat>();
  readonly requests: { readonly at: number; readonly beats: readonly Heartbeat[] }[] = [];
  isAway = false;
  /** Takes the next requests so often, and their answers are lost. */
  answersLost = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async sendHeartbeats(beats: readonly Heartbeat[]) {
    const gone = new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'nobody there', { retryable: true });
    if (this.isAway) throw gone;
    for (const beat of beats) {
      const checked = checkHeartbeat(JSON.parse(JSON.stringify(beat)), SERVER);
      assert.ok('beat' in checked, JSON.stringify(checked));
      const key = `${beat.agent_id} ${beat.timestamp}`;
      if (!this.history.has(key)) this.history.set(key, beat);
    }
    this.requests.push({ at: this.#clock.now(), beats });
    if (this.answersLost > 0) {
      this.answersLost--;
      throw gone;
    }
    return { accepted: beats.length, rejected: [], now: new Date(this.#clock.now()).toISOString() };
  }

  of(agentId: string): Heartbeat[] {
    return [...this.history.values()]
      .filter((beat) => beat.agent_id === agentId)
      .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  }
}

/** Starts the part of an agent that beats, on a buffer file. Its end is an orderly one. */
function startAgent(t: TestContext, path: string, clock: FakeClock, registry: AgentRegistry, client: HeartbeatDoor) {
  const parts: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of parts.splice(0)) await part.close();
  };
  t.after(close);
  const tables = openTables(t, path, clock);
  tables.store.statement('PRAGMA synchronous = OFF').run();
  const random = seededRandom(5);
  const missed = new MissedBeats({ shelf: tables.beats, server: SERVER, random, logger: silentLogger });
  let heartbeats: HeartbeatSender | undefined;
  const isConnected = () => heartbeats?.trouble === undefined;
  const backfill = new BackfillSender({ client, missed, isConnected, clock, random, logger: silentLogger }).start();
  heartbeats = new HeartbeatSender({
    client,
    missed,
    onArrived: () => backfill.connected(),
    registry,
    buffer: { stats: () => STATS },
    server: SERVER,
    intervalMs: () => 60_000,
    folder: '/',
    vitals: { read: async () => ({ cpu_percent: 50, ram_percent: 20, disk_percent: 3, buffer_size_mb: 1 }) },
    processes: { read: async () => new Map() },
    clock,
    random,
    logger: silentLogger,
  }).start();
  parts.push(heartbeats, backfill, tables);
  return { close, missed };
}

test('after three days without its orchestrator a server leaves no hole in the charts, counts each record once, and hurries nobody', async (t) => {
  const clock = new FakeClock('2026-01-15T10:03:17.000Z');
  const registry = new AgentRegistry({ clock });
  const orchestrator = new History(clock);
  const path = join(await tempDir(t), 'buffer.db');
  const counted = new Map(AGENTS.map((agentId) => [agentId, 0]));
  const pass = async (ms: number, everyMs = 60_000) => {
    for (let passed = 0; passed < ms; passed += everyMs) {
      for (const [at, name] of AGENTS.entries()) {
        const agentId = name as AgentId;
        const records = Array.from({ length: at + 1 }, () => ({
          agentId,
          level: 'WARN' as const,
          action: '',
          timestamp: '',
          json: '',
        }));
        registry.note(records);
        counted.set(name, counted.get(name)! + at + 1);
      }
      await clock.advance(everyMs);
    }
  };
  let agent = startAgent(t, path, clock, registry, orchestrator);
  await pass(600_000);

  orchestrator.answersLost = 2; // it takes a beat, and one without counts, and is gone
  await pass(60_000);
  orchestrator.isAway = true;
  const awayFrom = clock.now();
  await pass(1.5 * DAY_MS);
  await agent.close();
  agent = startAgent(t, path, clock, registry, orchestrator);
  await pass(1.5 * DAY_MS);
  const backAt = clock.now();
  orchestrator.isAway = false;
  orchestrator.answersLost = 1;
  await pass(300_000);
  orchestrator.answersLost = 2;
  await pass(3_600_000);
  await clock.advance(120_000);

  assert.equal(agent.missed.waiting, false);
  for (const agentId of ['nervesys', ...AGENTS]) {
    const history = orchestrator.of(agentId);
    const times = history.map(({ timestamp }) => Date.parse(timestamp));
    const hole = Math.max(...times.slice(1).map((at, i) => at - times[i]!));
    assert.ok(hole <= 300_000, `${agentId} was silent for ${hole} ms`);
    const told = history.reduce((sum, { level_counts: { WARN } }) => sum + WARN, 0);
    assert.equal(told, counted.get(agentId) ?? 0, `the records of ${agentId}`);
    const rolled = history.filter(({ covers_seconds }) => covers_seconds !== undefined);
    assert.ok(rolled.length >= 864 && rolled.length <= 870, `${rolled.length} beats of the time away`);
    const covered = rolled.reduce((sum, { covers_seconds }) => sum + covers_seconds!, 0) * 1_000;
    assert.ok(Math.abs(covered - (backAt - awayFrom)) < 180_000, `${covered} ms of ${backAt - awayFrom} are told`);
  }

  const late = orchestrator.requests.filter(({ at, beats }) => at >= backAt && beats[0]!.covers_seconds !== undefined);
  const first = orchestrator.requests.find(({ at }) => at >= backAt);
  assert.equal(first!.beats[0]!.covers_seconds, undefined, 'how it is now is told first');
  assert.ok(late.every(({ beats }) => beats.length <= 100));
  for (const { at } of late) {
    const inAMinute = late.filter((other) => other.at >= at && other.at < at + 60_000);
    const beats = inAMinute.reduce((sum, one) => sum + one.beats.length, 0);
    assert.ok(beats <= 1_200, `${beats} beats in a minute`);
  }
  const order = late.map(({ beats }) => beats[0]!.timestamp);
  assert.deepEqual(order, [...order].sort());
});

test('one lost beat makes no second history: it is repeated as it was', async (t) => {
  const clock = new FakeClock();
  const registry = new AgentRegistry({ clock });
  const orchestrator = new History(clock);
  startAgent(t, join(await tempDir(t), 'buffer.db'), clock, registry, orchestrator);
  await clock.advance(60_000);

  orchestrator.isAway = true;
  registry.note([{ agentId: 'GROK' as AgentId, level: 'ERROR', action: '', timestamp: '', json: '' }]);
  await clock.advance(2_500);
  orchestrator.isAway = false;
  await clock.advance(120_000);

  const history = orchestrator.of('GROK');
  assert.equal(
    history.reduce((sum, { level_counts: { ERROR } }) => sum + ERROR, 0),
    1,
  );
  assert.ok(history.every((beat) => beat.covers_seconds === undefined));
});
