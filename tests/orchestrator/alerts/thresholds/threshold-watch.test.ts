/**
 * Goal: people are told of a value that stays past its limit, once, of its worsening and of its end, and of nothing else. Method: a real
 * Postgres, time that is played, beats stored as the orchestrator stores them, and what would be published written down as it comes.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { builtInConfig, type Config, checkConfigTexts } from '../../../../src/config/index.ts';
import type { AlertView } from '../../../../src/contract/fleet.ts';
import type { Heartbeat } from '../../../../src/contract/heartbeat.ts';
import { emptyLevelCounts } from '../../../../src/contract/record.ts';
import { ThresholdWatch } from '../../../../src/orchestrator/alerts/thresholds/threshold-watch.ts';
import type { Database } from '../../../../src/orchestrator/database/database.ts';
import { readAlerts } from '../../../../src/orchestrator/database/queries/read-alerts.ts';
import {
  type ReceivedHeartbeat,
  recordHeartbeats,
} from '../../../../src/orchestrator/database/queries/record-heartbeats.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { heartbeat } from '../../../support/orchestrator.ts';
import { TestPostgres } from '../../../support/postgres.ts';

const MINUTE = 60_000;
const ROUND_MS = 5_000;
const builtIn = await builtInConfig();
const postgres = await TestPostgres.start();
after(() => postgres.close());

type Fields = Partial<Record<keyof Heartbeat, unknown>>;

/** A fleet whose beats are told by the test. */
class Fleet implements AsyncDisposable {
  readonly clock = new FakeClock('2026-01-15T10:00:00.000Z');
  readonly told: string[] = [];
  readonly database: Database;
  watches: ThresholdWatch[];
  config: Config | undefined;
  readonly #replicas: readonly Database[];
  readonly #startedAt = this.clock.now();

  constructor(database: Database, replicas: readonly Database[] = [database]) {
    this.database = database;
    this.#replicas = replicas;
    this.watches = replicas.map((one) => this.open(one));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#replicas.map((database) => database.close()));
  }

  open(database: Database): ThresholdWatch {
    return new ThresholdWatch({
      database,
      clock: this.clock,
      logger: silentLogger,
      hub: { publish: ({ data }) => this.#tell(data as AlertView) },
      heardNow: () => this.clock.now(),
      config: () => this.config,
      builtIn,
      newsMaxMs: () => 150_000,
    });
  }

  #tell({ server, agent_id: agentId, kind, severity, state }: AlertView): void {
    const minutes = (this.clock.now() - this.#startedAt) / MINUTE;
    const who = agentId === null ? server : `${agentId} on ${server}`;
    this.told.push(
      `${Math.round(minutes * 100) / 100} ${who}: ${kind.slice('threshold.'.length)} ${state === 'resolved' ? state : severity}`,
    );
  }

  async enrol(...servers: string[]): Promise<void> {
    for (const server of servers)
      await this.database.query('INSERT INTO servers (server, enrolled_at, next_judged_at) VALUES ($1, $2, $2)', [
        server,
        new Date(this.clock.now()),
      ]);
  }

  /** The lean agent of `server` beats, and these AI agents do, with the same figures. */
  async beat(server: string, fields: Fields = {}, agents: Readonly<Record<string, Fields>> = {}): Promise<void> {
    await this.beats([server], fields, agents);
  }

  /** The same of many servers, in one request. */
  async beats(
    servers: readonly string[],
    fields: Fields,
    agents: Readonly<Record<string, Fields>> = {},
  ): Promise<void> {
    const receivedAt = new Date(this.clock.now());
    const one = (server: string, agentId: string, own: Fields): ReceivedHeartbeat =>
      ({
        beat: heartbeat(server, agentId, { timestamp: receivedAt.toISOString(), ...fields, ...own }),
        receivedAt,
        judgement: { state: 'up', reason: 'beats arrive on time' },
        nextJudgedAt: new Date(receivedAt.getTime() + 150_000),
      }) as ReceivedHeartbeat;
    const received = servers.flatMap((server) => [
      one(server, 'nervesys', {}),
      ...Object.entries(agents).map(([agentId, own]) => one(server, agentId, own)),
    ]);
    await recordHeartbeats(this.database, received);
    this.watches[0]?.see(received); // one of them was told
  }

  /** Time passes, with rounds; all replicas do them at the same time. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += ROUND_MS) {
      await Promise.all(this.watches.map((watch) => watch.judgeOnce()));
      this.clock.jump(ROUND_MS);
    }
  }

  /** So many minutes, each begun with a beat. */
  async minutes(
    count: number,
    server: string,
    fields: Fields = {},
    agents: Readonly<Record<string, Fields>> = {},
  ): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.beat(server, fields, agents);
      await this.pass(MINUTE);
    }
  }
}

function figures(replace: Partial<Heartbeat['metrics']>): Fields {
  return { metrics: { cpu_percent: 12.5, ram_percent: 40, disk_percent: 55, buffer_size_mb: 0.2, ...replace } };
}

function errors(count: number): Fields {
  return { level_counts: { ...emptyLevelCounts(), INFO: 500, ERROR: count - 1, CRITICAL: 1 } };
}

async function configOf(thresholds: string): Promise<Config> {
  const files = ['grok', 'gimai', 'chatgpt'].map((name): [string, string] => [`agents/${name}.yaml`, '{}']);
  const { config, complaints } = await checkConfigTexts(new Map([...files, ['thresholds.yaml', thresholds]]));
  assert.deepEqual(complaints, []);
  return config!;
}

const [WELL, HOT, BURNING] = [figures({}), figures({ cpu_percent: 90 }), figures({ cpu_percent: 99 })];

test('a spike of four minutes tells nobody; one that lasts five tells once, its recovery once', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');

  await fleet.minutes(4, 'ONE', HOT);
  await fleet.minutes(3, 'ONE', WELL);
  assert.deepEqual(fleet.told, []);

  await fleet.minutes(15, 'ONE', HOT);
  await fleet.minutes(5, 'ONE', WELL);

  assert.deepEqual(fleet.told, ['12 ONE: cpu_percent warning', '24 ONE: cpu_percent resolved']);
  const [alert, ...others] = await readAlerts(fleet.database);
  assert.deepEqual([alert?.title, alert?.agent_id, others], ['CPU 90 % busy, past the limit of 85 %', null, []]);
  assert.deepEqual(alert?.detail, {
    value: 90,
    limit: 85,
    level: 'warning',
    unit: 'percent',
    since: '2026-01-15T10:07:00.000Z',
  });
  assert.deepEqual((await fleet.database.query('SELECT * FROM breaches')).rows, [], 'nothing is left');
});

test('it worsens, eases and is over, each told once; around its limit it does not flap', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');

  await fleet.minutes(7, 'ONE', HOT);
  await fleet.minutes(7, 'ONE', BURNING);
  for (const percent of [86, 83, 85.5, 82, 84]) await fleet.minutes(2, 'ONE', figures({ cpu_percent: percent }));
  await fleet.minutes(4, 'ONE', WELL);

  assert.deepEqual(fleet.told, [
    '5 ONE: cpu_percent warning',
    '12 ONE: cpu_percent critical',
    '16 ONE: cpu_percent warning',
    '26 ONE: cpu_percent resolved',
  ]);
  assert.equal((await readAlerts(fleet.database)).length, 1, 'all of it is one alert');
});

test('each threshold of a server is watched, by what its lean agent and all its AI agents say alike', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE', 'TWO');
  const all = {
    metrics: { cpu_percent: 98, ram_percent: 86, disk_percent: 93, buffer_size_mb: 61 },
    oldest_unarchived_seconds: 1_801,
    clock_skew_ms: -61_000,
  };

  for (let minute = 0; minute < 7; minute++) {
    await fleet.beat('ONE', all, { GROK: {}, GIMAI: {} });
    await fleet.beat('TWO');
    await fleet.pass(MINUTE);
  }

  assert.deepEqual(fleet.told.sort(), [
    '5 ONE: buffer_percent warning',
    '5 ONE: clock_skew warning',
    '5 ONE: cpu_percent critical',
    '5 ONE: disk_percent critical',
    '5 ONE: oldest_unarchived warning',
    '5 ONE: ram_percent warning',
  ]);
});

test('a server without a beat of its own is judged by those of its AI agents', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');

  for (let minute = 0; minute < 7; minute++) {
    await fleet.beat('ONE', HOT, { GROK: {} });
    await fleet.database.query("DELETE FROM agents_latest WHERE agent_id = 'nervesys'");
    await fleet.pass(MINUTE);
  }

  assert.deepEqual(fleet.told, ['5 ONE: cpu_percent warning']);
});

test('errors are of one AI agent, and counted by the minute however often it beats', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');

  // 8 a minute, in beats that carry two minutes; 12 a minute, in beats each 20 seconds.
  await fleet.beat('ONE', {}, { SELDOM: {}, OFTEN: {} });
  for (let minute = 0; minute < 6; minute += 2) {
    for (let third = 0; third < 6; third++) {
      await fleet.pass(20_000);
      await fleet.beat('ONE', {}, { OFTEN: errors(4), ...(third === 5 ? { SELDOM: errors(16) } : {}) });
    }
  }

  assert.deepEqual(fleet.told, ['2 OFTEN on ONE: errors_per_minute warning']);
});

test('what has gathered in the errors of an outage of the orchestrator is no flood', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');
  await fleet.minutes(3, 'ONE', {}, { GROK: errors(6), GIMAI: errors(6) });
  fleet.clock.jump(10 * MINUTE);

  // GROK's lean agent is an older one, whose next beat counts all of it; GIMAI's rolls it up.
  await fleet.beat('ONE', {}, { GIMAI: { ...errors(60), ...BURNING, covers_seconds: 595 } });
  await fleet.pass(ROUND_MS);
  await fleet.minutes(1, 'ONE', {}, { GROK: errors(66), GIMAI: errors(6) });
  await fleet.minutes(5, 'ONE', {}, { GROK: errors(6), GIMAI: errors(6) });
  assert.deepEqual(fleet.told, []);

  await fleet.minutes(3, 'ONE', {}, { GROK: errors(66) });
  assert.deepEqual(fleet.told.length, 1);
  assert.match(fleet.told[0]!, /GROK on ONE: errors_per_minute critical/);
});

test('a loss is told at once, and over when there was none for an hour; another one is another', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');
  await fleet.minutes(2, 'ONE', { lost_records: 40 });
  assert.deepEqual(fleet.told, ['0 ONE: lost_records warning'], 'nobody knows when it was: it is told');
  fleet.told.length = 0;

  await fleet.minutes(66, 'ONE', { lost_records: 40 });
  assert.deepEqual(fleet.told, ['62 ONE: lost_records resolved']);
  fleet.told.length = 0;

  await fleet.minutes(20, 'ONE', { lost_records: 42 });
  await fleet.minutes(5, 'ONE', { lost_records: 0, epoch: 'fedcba9876543210' });
  await fleet.minutes(2, 'ONE', { lost_records: 1_000, epoch: 'fedcba9876543210' });

  assert.deepEqual(fleet.told, [
    '68 ONE: lost_records warning',
    '90 ONE: lost_records resolved',
    '93 ONE: lost_records critical',
  ]);
  const [last] = await readAlerts(fleet.database);
  assert.deepEqual(last?.detail['value'], 1_000);
});

test('an AI agent that has a limit of its own changes that of the server it lives on, and no other', async () => {
  await using fleet = new Fleet(await postgres.database());
  fleet.config = await configOf(`agents:
  GIMAI: { cpu_percent: { warning: 98, critical: 100 } }
  CHATGPT: { errors_per_minute: { warning: 3, critical: 15, for: 2m } }`);
  await fleet.enrol('PAINTER', 'MIXED', 'PLAIN');

  for (let minute = 0; minute < 8; minute++) {
    await fleet.beat('PAINTER', HOT, { GIMAI: {} });
    await fleet.beat('MIXED', HOT, { GROK: errors(4), CHATGPT: errors(4) });
    await fleet.beat('PLAIN', HOT, { STRANGER: {} });
    await fleet.pass(MINUTE);
  }

  assert.deepEqual(fleet.told.sort(), [
    '2 CHATGPT on MIXED: errors_per_minute warning',
    '5 MIXED: cpu_percent warning',
    '5 PLAIN: cpu_percent warning',
  ]);
});

test('two replicas tell each change once, whichever of them hears the beats', async () => {
  const database = await postgres.database();
  await using fleet = new Fleet(database, [database, postgres.connect(postgres.lastName)]);
  await fleet.enrol('ONE', 'TWO');

  for (let minute = 0; minute < 16; minute++) {
    fleet.watches.reverse();
    await fleet.beat('ONE', minute < 8 ? HOT : WELL, { GROK: minute < 8 ? errors(70) : {} });
    fleet.watches.reverse();
    await fleet.beat('TWO', minute < 12 ? BURNING : WELL);
    await fleet.pass(MINUTE);
  }

  assert.deepEqual(fleet.told.toSorted(), [
    '1 GROK on ONE: errors_per_minute critical',
    '10 GROK on ONE: errors_per_minute resolved',
    '10 ONE: cpu_percent resolved',
    '14 TWO: cpu_percent resolved',
    '5 ONE: cpu_percent warning',
    '5 TWO: cpu_percent critical',
  ]);
  assert.ok((await readAlerts(database)).every(({ count }) => count === 1));
});

test('an orchestrator that is started again goes on where the one before was killed', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');
  const restart = () => {
    fleet.watches = [fleet.open(fleet.database)];
  };

  await fleet.minutes(3, 'ONE', HOT);
  restart();
  await fleet.minutes(4, 'ONE', HOT);
  restart();
  await fleet.minutes(1, 'ONE', WELL);
  restart();
  await fleet.minutes(4, 'ONE', WELL);

  assert.deepEqual(fleet.told, ['5 ONE: cpu_percent warning', '9 ONE: cpu_percent resolved']);
});

test('a candidate that was lost in a crash comes back with the next beat', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');
  await fleet.beat('ONE', HOT);
  fleet.watches = [fleet.open(fleet.database)]; // before any round
  await fleet.pass(MINUTE);

  await fleet.minutes(7, 'ONE', HOT);

  assert.deepEqual(fleet.told, ['6 ONE: cpu_percent warning']);
});

test('a changed limit holds from the next round on, for what was told and for what was not', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE', 'TWO');
  for (let minute = 0; minute < 7; minute++) {
    await fleet.beat('ONE', HOT);
    await fleet.beat('TWO', figures({ ram_percent: 88 }));
    await fleet.pass(MINUTE);
  }
  assert.deepEqual(fleet.told.splice(0).sort(), ['5 ONE: cpu_percent warning', '5 TWO: ram_percent warning']);

  fleet.config = await configOf(
    'defaults: { cpu_percent: { warning: 99, critical: 100, clear_after: 0s }, ram_percent: { critical: 88, for: 0s } }',
  );
  await fleet.pass(ROUND_MS);

  assert.deepEqual(fleet.told.sort(), ['7 ONE: cpu_percent resolved', '7 TWO: ram_percent critical']);
});

test('a breach of a server that falls silent stays as it is, until it beats again or is taken out of service', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE', 'TWO', 'THREE');
  for (let minute = 0; minute < 7; minute++) {
    await fleet.beat('ONE', HOT);
    await fleet.beat('TWO', HOT, { GROK: errors(20) });
    // THREE is past its limit for three minutes, and silent then.
    if (minute > 3) await fleet.beat('THREE', HOT);
    await fleet.pass(MINUTE);
  }
  assert.equal(fleet.told.splice(0).length, 3);

  await fleet.pass(30 * MINUTE);
  assert.equal(fleet.told.length, 0, 'no news is no recovery, and no evidence');
  assert.equal(await fleet.watches[0]!.judgeOnce(), 0, 'and nothing to look at');

  await fleet.database.query("UPDATE agents_latest SET state = 'retired' WHERE server = 'TWO' AND agent_id = 'GROK'");
  await fleet.pass(ROUND_MS);
  await fleet.database.query("UPDATE servers SET revoked_at = $1, state = 'revoked' WHERE server = 'TWO'", [
    new Date(fleet.clock.now()),
  ]);
  await fleet.pass(ROUND_MS);
  assert.deepEqual(
    fleet.told.splice(0).map((line) => line.slice(line.indexOf(' ') + 1)),
    ['GROK on TWO: errors_per_minute resolved', 'TWO: cpu_percent resolved'],
  );

  await fleet.minutes(4, 'ONE', WELL);
  await fleet.minutes(2, 'THREE', HOT);
  assert.deepEqual(
    fleet.told.map((line) => line.slice(line.indexOf(' ') + 1)),
    ['ONE: cpu_percent resolved'],
  );
});

test("the orchestrator's clock is set a day ahead and back: nobody is told, and what lasts is told later", async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE', 'TWO');
  await fleet.minutes(7, 'TWO', HOT);
  assert.equal(fleet.told.splice(0).length, 1);

  for (const jump of [86_400_000, -86_400_000]) {
    await fleet.minutes(1, 'ONE', HOT);
    await fleet.minutes(1, 'TWO', HOT);
    fleet.clock.jump(jump);
    await fleet.pass(MINUTE);
    await fleet.beat('TWO', HOT);
    await fleet.minutes(1, 'ONE', HOT);
    await fleet.minutes(1, 'ONE', WELL);
  }
  assert.deepEqual(fleet.told, []);

  await fleet.minutes(7, 'ONE', HOT);
  assert.equal(fleet.told.length, 1);
});

test('what was rolled up in an outage says nothing about now, however long the outage was', async () => {
  await using fleet = new Fleet(await postgres.database());
  fleet.config = await configOf(
    'defaults: { cpu_percent: { for: 0s, clear_after: 0s }, errors_per_minute: { for: 0s } }',
  );
  await fleet.enrol('ONE');
  await fleet.minutes(1, 'ONE', HOT, { GROK: errors(6) });
  assert.deepEqual(fleet.told.splice(0), ['0 ONE: cpu_percent warning']);

  fleet.clock.jump(240 * MINUTE);
  await fleet.beat('ONE', { ...WELL, covers_seconds: 14_400 }, { GROK: { ...errors(1_500), covers_seconds: 14_400 } });
  await fleet.pass(2 * ROUND_MS);
  await fleet.minutes(1, 'ONE', HOT, { GROK: errors(6) });

  assert.deepEqual(fleet.told, []);
});

test('an AI agent that comes to a server says nothing new of what the server has lost before', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');
  await fleet.minutes(64, 'ONE', { lost_records: 40 });
  assert.equal(fleet.told.splice(0).length, 2, 'told, and over');

  await fleet.minutes(2, 'ONE', { lost_records: 40 }, { GROK: {} });

  assert.deepEqual(fleet.told, []);
});

test('a beat that comes late says nothing about now', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');
  await fleet.beat('ONE', { lost_records: 0 });
  await fleet.pass(MINUTE);
  const before = new Date(fleet.clock.now() - 30_000).toISOString();
  await fleet.beat('ONE', WELL);

  await fleet.beat('ONE', { lost_records: 7, timestamp: before });
  await fleet.pass(ROUND_MS);

  assert.deepEqual(fleet.told, []);
});

test('while Postgres is away nothing is forgotten', async () => {
  await using fleet = new Fleet(await postgres.database());
  await fleet.enrol('ONE');
  await fleet.beat('ONE', { lost_records: 3 });
  await fleet.database.query('ALTER TABLE breaches RENAME TO away');
  await assert.rejects(fleet.pass(ROUND_MS));
  await fleet.database.query('ALTER TABLE away RENAME TO breaches');

  await fleet.pass(ROUND_MS);

  assert.equal(fleet.told.length, 1);
});

test('more servers than one transaction takes are judged in one round, each once', async () => {
  await using fleet = new Fleet(await postgres.database());
  const servers = Array.from({ length: 612 }, (_, index) => `S${index}`);
  await fleet.database.query(
    'INSERT INTO servers (server, enrolled_at, next_judged_at) SELECT server, $2, $2 FROM unnest($1::text[]) AS server',
    [servers, new Date(fleet.clock.now())],
  );
  fleet.config = await configOf('defaults: { disk_percent: { for: 0s, clear_after: 0s } }');
  const beatAll = (percent: number) => fleet.beats(servers, figures({ disk_percent: percent }));

  await beatAll(85);
  assert.equal(await fleet.watches[0]!.judgeOnce(), servers.length);
  assert.equal(new Set(fleet.told).size, servers.length);
  assert.equal(await fleet.watches[0]!.judgeOnce(), 0, 'nothing is new');

  fleet.clock.jump(MINUTE);
  await beatAll(20);
  await fleet.watches[0]!.judgeOnce();
  assert.equal(fleet.told.length, 2 * servers.length);
  assert.deepEqual((await fleet.database.query('SELECT * FROM breaches')).rows, []);
});

test('of 10,000 AI agents that are well a beat costs less than two microseconds, and a round one query', async (t) => {
  await using fleet = new Fleet(await postgres.database());
  const [watch] = fleet.watches;
  const beats = Array.from({ length: 10_000 }, (_, index) => ({
    beat: heartbeat(`S${index % 2_500}`, `AGENT${index}`, {
      lost_records: index % 3,
      level_counts: { ...emptyLevelCounts(), ERROR: 1 },
    }),
  }));
  const costs = Array.from({ length: 30 }, () => {
    const start = performance.now();
    watch!.see(beats);
    return ((performance.now() - start) * 1_000) / beats.length;
  });
  await watch!.judgeOnce(); // those whose losses were seen for the first time
  watch!.see(beats);
  assert.equal(await watch!.judgeOnce(), 0, 'a loss that was seen is no news');
  const start = performance.now();
  for (let round = 0; round < 20; round++) await watch!.judgeOnce();
  const roundMs = (performance.now() - start) / 20;

  t.diagnostic(`a beat ${Math.min(...costs).toFixed(3)} µs, a round ${roundMs.toFixed(2)} ms`);
  assert.ok(Math.min(...costs) < 2, `${Math.min(...costs)} µs`);
  assert.ok(roundMs < 50, `${roundMs} ms`);
});
