import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { tendPartitions } from '../../../src/orchestrator/database/partitions.ts';
import { DEFAULT_HISTORY } from '../../../src/orchestrator/history/resolutions.ts';
import { tellBeats } from '../../support/beats.ts';
import { heartbeat, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('good beats are kept and bad ones named, each by its place', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const heartbeats = [
    heartbeat('AIGARDEN01', 'GROK'),
    heartbeat('AIGARDEN01', 'GIMAI', { status: 'splendid' }),
    heartbeat('AIGARDEN02', 'GROK'),
    heartbeat('AIGARDEN01', 'DEEPSEEK', { timestamp: 'yesterday' }),
    heartbeat('AIGARDEN01', 'NUL\u0000'),
    'not even an object',
    heartbeat('AIGARDEN01', "'; drop table logs;--", { last_action: 'nul \u0000 and half \ud800' }),
  ];

  const answer = await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats } });

  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.accepted, 2);
  assert.ok(Math.abs(Date.parse(answer.json.now) - Date.now()) < 5_000);
  const rejected: { index: number; code: string; message: string }[] = answer.json.rejected;
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'NSV_HEARTBEAT_INVALID'],
      [2, 'NSV_FORBIDDEN'],
      [3, 'NSV_HEARTBEAT_INVALID'],
      [4, 'NSV_HEARTBEAT_INVALID'],
      [5, 'NSV_HEARTBEAT_INVALID'],
    ],
  );
  assert.match(rejected[0]?.message ?? '', /^status/);
  assert.match(rejected[2]?.message ?? '', /^timestamp/);
  assert.match(rejected[3]?.message ?? '', /^agent_id/);
  const { rows } = await database.query('SELECT agent_id, last_action FROM agent_status ORDER BY agent_id');
  assert.deepEqual(rows, [
    { agent_id: "'; drop table logs;--", last_action: 'nul \ufffd and half \ufffd' },
    { agent_id: 'GROK', last_action: 'code_review' },
  ]);
});

test("the plan's own beat is taken as it stands there, alone or in a list, and what it doesn't say is filled in", async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const plans = {
    agent_id: 'GROK',
    server: 'AIGARDEN01',
    timestamp: '2025-12-10T19:45:00Z',
    status: 'healthy',
    metrics: { cpu_percent: 45.2, ram_percent: 62.1, disk_percent: 23.4, buffer_size_mb: 12.5 },
    alerts: [],
    last_action: 'code_review',
    uptime_seconds: 86400,
  };
  const tell = (body: object) => system.ask('POST', '/api/v1/heartbeats', { key, body });

  const alone = await tell(plans);
  const listed = await tell({ heartbeats: [{ ...plans, agent_id: 'GIMAI' }] });
  const wrong = await tell({ ...plans, epoch: 'x' });

  assert.deepEqual([alone.json.accepted, listed.json.accepted, wrong.json.accepted], [1, 1, 0], alone.text);
  assert.match(wrong.json.rejected[0].message, /^epoch/);
  const { json } = await system.ask('GET', '/api/v1/agents/GROK');
  assert.deepEqual(
    [json.agent_id, json.server, json.state, json.status, json.metrics, json.last_action, json.uptime_seconds],
    ['GROK', 'AIGARDEN01', 'up', 'healthy', plans.metrics, 'code_review', 86400],
  );
  assert.deepEqual(
    [json.last_seen_at, json.agent_version, json.elsewhere],
    ['2025-12-10T19:45:00.000Z', 'unknown', []],
  );
});

test('one server and one AI agent are told by name, also where an AI agent of that name runs elsewhere', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  for (const server of ['AIGARDEN01', 'AIGARDEN02']) {
    const key = await system.enrol(server);
    const heartbeats = [heartbeat(server, 'GROK'), heartbeat(server, `ONLY_${server}`)];
    await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats } });
  }
  const ask = (path: string) => system.ask('GET', `/api/v1/${path}`);

  const server = await ask('servers/AIGARDEN01');
  const first = await ask('agents/GROK?server=AIGARDEN01');
  const anywhere = await ask('agents/GROK');

  assert.deepEqual([server.json.server, server.json.state, server.json.agents], ['AIGARDEN01', 'up', 2]);
  const names = (agents: { agent_id: string }[]) => agents.map((one) => one.agent_id);
  assert.deepEqual(names(server.json.ai_agents), ['GROK', 'ONLY_AIGARDEN01']);
  const where = (agents: { server: string }[]) => agents.map((one) => one.server);
  assert.deepEqual([first.json.server, where(first.json.elsewhere)], ['AIGARDEN01', ['AIGARDEN02']]);
  assert.deepEqual([anywhere.json.server, where(anywhere.json.elsewhere)], ['AIGARDEN02', ['AIGARDEN01']]);
  for (const path of ['servers/AIGARDEN03', 'agents/NOBODY', 'agents/ONLY_AIGARDEN02?server=AIGARDEN01']) {
    const { status, json } = await ask(path);
    assert.deepEqual([status, json.code], [404, 'NSV_NOT_FOUND'], path);
  }
});

test('a beat that is told again counts once, also twice in one request', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const beat = heartbeat('AIGARDEN01', 'GROK');
  const tell = () => system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [beat, beat] } });

  const answers = await Promise.all([tell(), tell(), tell()]);

  for (const answer of answers) assert.deepEqual([answer.status, answer.json.accepted], [200, 2]);
  const { rows } = await database.query<{ count: number }>('SELECT count(*) AS count FROM agent_status');
  assert.equal(rows[0]?.count, 1);
});

test('the latest state of each agent and its history are plain SELECTs', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const heartbeats = [2, 1, 0].flatMap((minutes) =>
    ['GROK', 'GIMAI'].map((agentId) =>
      heartbeat('AIGARDEN01', agentId, { timestamp: minutesAgo(minutes), last_action: `${agentId} ${minutes}` }),
    ),
  );
  await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats } });

  const latest = await database.query(
    'SELECT DISTINCT ON (agent_id) agent_id, last_action FROM agent_status ORDER BY agent_id, timestamp DESC',
  );

  assert.deepEqual(latest.rows, [
    { agent_id: 'GIMAI', last_action: 'GIMAI 0' },
    { agent_id: 'GROK', last_action: 'GROK 0' },
  ]);
  const fleet = (await system.ask('GET', '/api/v1/fleet')).json;
  assert.deepEqual(
    fleet.agents.map((agent: { last_action: string; state: string }) => [agent.last_action, agent.state]),
    [
      ['GIMAI 0', 'up'],
      ['GROK 0', 'up'],
    ],
  );
  assert.equal(fleet.servers[0].agents, 2);
  const history = await system.ask('GET', '/api/v1/agents/GROK/history?server=AIGARDEN01&minutes=60');
  assert.equal(history.json.points.length, 3);
  assert.ok(history.json.points[0].at < history.json.points[2].at);
  assert.equal(history.json.points[0].cpu_percent, 12.5);
  const plan = await database.query<{ 'QUERY PLAN': string }>(
    "EXPLAIN SELECT * FROM agent_status WHERE agent_id = 'GROK' ORDER BY timestamp DESC LIMIT 1",
  );
  assert.match(plan.rows.map((row) => row['QUERY PLAN']).join('\n'), /Index Scan/);
});

test('a beat from a clock that is years off is kept, and judged by when it arrived', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const heartbeats = [
    heartbeat('AIGARDEN01', 'PAST', { timestamp: '2001-01-01T00:00:00.000Z' }),
    heartbeat('AIGARDEN01', 'FUTURE', { timestamp: '2101-01-01T00:00:00.000Z' }),
  ];

  const answer = await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats } });

  assert.equal(answer.json.accepted, 2);
  await until('both are up', async () => {
    const { agents } = (await system.ask('GET', '/api/v1/fleet')).json;
    return agents.filter(({ state }: { state: string }) => state === 'up').length === 2;
  });
});

test('a group of requests that share a statement each learn their own outcome', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const servers = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => ({ server: `S${n}`, key: await system.enrol(`S${n}`) })),
  );

  const answers = await Promise.all(
    servers.flatMap(({ server, key }) =>
      ['A', 'B', 'C'].map((agentId) =>
        system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [heartbeat(server, agentId)] } }),
      ),
    ),
  );

  assert.ok(answers.every((answer) => answer.status === 200 && answer.json.accepted === 1));
  const { rows } = await database.query(
    'SELECT count(*) AS beats, count(DISTINCT server) AS servers FROM agent_status',
  );
  assert.deepEqual(rows, [{ beats: 60, servers: 20 }]);
});

test('alerts count up under one key, and are acknowledged once', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const alert = {
    dedup_key: 'archive.denied',
    severity: 'critical',
    server: 'AIGARDEN01',
    agent_id: null,
    kind: 'archive.denied',
    title: 'The archive refuses',
    detail: { 'nul\u0000key': '\u0000' },
    at: '2099-01-01T00:00:00.000Z',
  };
  const tell = (alerts: object[]) => system.ask('POST', '/api/v1/alerts', { key, body: { alerts } });

  assert.deepEqual((await tell([alert, alert, { ...alert, dedup_key: 'other' }])).json, { accepted: 3 });
  assert.equal((await tell([{ ...alert, title: 'Still' }])).status, 200);
  assert.equal((await tell([{ ...alert, server: 'AIGARDEN02' }])).status, 403);
  assert.equal((await tell([{ ...alert, severity: 'huge' }])).status, 400);

  const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json;
  assert.equal(alerts.length, 2);
  const denied = alerts.find((one: { kind: string; count: number }) => one.count === 3);
  assert.deepEqual([denied.title, denied.state, denied.detail], ['Still', 'open', { 'nul\ufffdkey': '\ufffd' }]);
  assert.ok(Date.parse(denied.last_at) <= Date.now());
  const acknowledged = await system.ask('POST', `/api/v1/alerts/${denied.id}/acknowledge`);
  assert.equal(acknowledged.json.state, 'acknowledged');
  assert.equal((await system.ask('POST', '/api/v1/alerts/999/acknowledge')).status, 404);
  assert.equal((await system.ask('POST', '/api/v1/alerts/x/acknowledge')).status, 400);
});

test('what is wrong with a request is told as a problem document', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const json = { 'content-type': 'application/json' };

  for (const [expected, method, path, options] of [
    [[404, 'NSV_NOT_FOUND'], 'GET', '/api/v1/nothing', {}],
    [[404, 'NSV_NOT_FOUND'], 'GET', '/nothing', { key: null }],
    [[405, 'NSV_METHOD_NOT_ALLOWED'], 'PATCH', '/api/v1/fleet', {}],
    [[400, 'NSV_BODY_INVALID'], 'POST', '/api/v1/heartbeats', { key, raw: '{"heartbeats":', headers: json }],
    [[400, 'NSV_BODY_INVALID'], 'POST', '/api/v1/heartbeats', { key, body: { heartbeats: 7 } }],
    [[400, 'NSV_BODY_INVALID'], 'GET', '/api/v1/agents/GROK/history?server=A&minutes=many', {}],
    [[400, 'NSV_BODY_INVALID'], 'GET', '/api/v1/agents/%00/history?server=A', {}],
    [[400, 'NSV_BODY_INVALID'], 'GET', '/%zz', {}],
    [[415, 'NSV_BODY_TYPE'], 'POST', '/api/v1/heartbeats', { key, raw: 'x', headers: { 'content-type': 'text/x' } }],
    [[413, 'NSV_BODY_TOO_LARGE'], 'POST', '/api/v1/enroll', { raw: ' '.repeat(20_000), headers: json }],
    [[413, 'NSV_BODY_TOO_LARGE'], 'POST', '/api/v1/heartbeats', { key, raw: ' '.repeat(5_000_000), headers: json }],
  ] as const) {
    const answer = await system.ask(method, path, options);
    assert.deepEqual([answer.status, answer.json?.code], expected, `${method} ${path}: ${answer.text}`);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(answer.json.status, answer.status);
    if (answer.status === 405) assert.equal(answer.headers.get('allow'), 'GET');
  }
});

test('a beat that comes late is history: it takes the place of no newer one', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
  const rolledUp = (seconds: number, agentId = 'GROK') =>
    heartbeat('AIGARDEN01', agentId, {
      timestamp: ago(seconds),
      status: 'critical',
      last_action: `${seconds} s ago`,
      covers_seconds: 300,
      config: { running: 'older', desired: null, error: null },
    });
  const tell = async (...heartbeats: unknown[]) => {
    const answer = await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats } });
    assert.equal(answer.json.accepted, heartbeats.length, answer.text);
  };
  const latest = async () => {
    const { agents } = (await system.ask('GET', '/api/v1/fleet')).json;
    return agents.map((agent: { agent_id: string; last_action: string }) => `${agent.agent_id}: ${agent.last_action}`);
  };

  // After an outage: the newest beside what was rolled up, in whatever order; a rolled-up one may even bear the later time.
  await tell(rolledUp(900), heartbeat('AIGARDEN01', 'GROK', { timestamp: ago(10), last_action: 'now' }), rolledUp(0));
  assert.deepEqual(await latest(), ['GROK: now']);
  await tell(rolledUp(600), rolledUp(300));
  await tell(heartbeat('AIGARDEN01', 'GROK', { timestamp: ago(70), last_action: 'overtaken on its way' }));
  assert.deepEqual(await latest(), ['GROK: now']);
  await tell(heartbeat('AIGARDEN01', 'GROK', { timestamp: ago(5), last_action: 'newer' }));
  assert.deepEqual(await latest(), ['GROK: newer']);
  // What is known of nothing else is known of this.
  await tell(rolledUp(300, 'GIMAI'));
  assert.deepEqual(await latest(), ['GIMAI: 300 s ago', 'GROK: newer']);

  const { rows } = await database.query(
    `SELECT count(*)::int AS beats, count(detail -> 'covers_seconds')::int AS rolled_up FROM agent_status WHERE agent_id = 'GROK'`,
  );
  assert.deepEqual(rows, [{ beats: 7, rolled_up: 4 }]);
  for (const covers of [-1, 1e12, '300']) {
    const answer = await system.ask('POST', '/api/v1/heartbeats', {
      key,
      body: { heartbeats: [heartbeat('AIGARDEN01', 'GROK', { covers_seconds: covers })] },
    });
    assert.match(answer.json.rejected[0]?.message, /^covers_seconds/);
  }
});

test('a clock that is set back silences nobody: its next beat is the latest state', async () => {
  await using database = await postgres.database();
  const at = Date.parse('2026-03-02T12:00:00Z');
  const day = 86_400_000;

  await tellBeats(database, [{ at }, { at: at - 60_000 }]);
  await tellBeats(database, [{ at: at - day, receivedAt: at + 60_000, replace: { status: 'critical' } }]);

  const { rows } = await database.query('SELECT timestamp, received_at, status FROM agents_latest');
  assert.deepEqual(rows, [{ timestamp: new Date(at - day), received_at: new Date(at + 60_000), status: 'critical' }]);
});

test("the plan's queries are plain SELECTs on agent_status, over partitions and late beats", async () => {
  await using database = await postgres.database();
  const noon = Date.parse('2026-03-02T12:00:00Z');
  await tendPartitions(database, noon, DEFAULT_HISTORY);
  await tellBeats(database, [
    { agentId: 'GROK', at: noon - 86_400_000, replace: { alerts: ['disk is nearly full'] } },
    { agentId: 'GROK', at: noon, replace: { alerts: [] } },
    { agentId: 'GROK', at: noon - 3_600_000, receivedAt: noon + 1_000, replace: { covers_seconds: 300 } },
    { agentId: 'GIMAI', at: noon, replace: { alerts: ['exited with code 1'], status: 'critical' } },
  ]);
  const plan = async (query: string) =>
    (await database.query<Record<string, unknown>>(query)).rows.map((row) => Object.values(row).map(String).join(' '));

  assert.deepEqual(
    await plan(`SELECT DISTINCT ON (agent_id) agent_id, status, metrics ->> 'cpu_percent' AS cpu
      FROM agent_status ORDER BY agent_id, timestamp DESC`),
    ['GIMAI critical 10', 'GROK healthy 10'],
  );
  assert.deepEqual(
    await plan(`SELECT to_char(timestamp, 'DD HH24:MI') AS at FROM agent_status
      WHERE agent_id = 'GROK' AND timestamp > '2026-03-02T12:00:00Z'::timestamptz - interval '24 hours' ORDER BY timestamp DESC`),
    ['02 12:00', '02 11:00'],
  );
  assert.deepEqual(
    await plan(
      `SELECT agent_id, alerts FROM agent_status WHERE jsonb_array_length(alerts) > 0 ORDER BY timestamp DESC`,
    ),
    ['GIMAI exited with code 1', 'GROK disk is nearly full'],
  );
  const explained = await plan(
    "EXPLAIN SELECT * FROM agent_status WHERE agent_id = 'GROK' ORDER BY timestamp DESC LIMIT 1",
  );
  assert.match(explained.join('\n'), /Index Scan/);
});

test('what the process of an AI agent uses is told with the fleet, and no more once it names none', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const used = { pid: 4711, cpu_percent: 130.5, rss_mb: 812.4, restarts: 2, started_at: '2026-01-15T10:00:00.000Z' };
  const beat = async (minute: number, change: object) => {
    const timestamp = `2026-01-15T10:0${minute}:00.000Z`;
    const heartbeats = [{ ...heartbeat('AIGARDEN01', 'GROK', { timestamp }), ...change }];
    const { json } = await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats } });
    assert.equal(json.accepted, 1);
    return (await system.ask('GET', '/api/v1/fleet')).json.agents[0].process;
  };

  assert.deepEqual(await beat(1, { process: used }), used);
  assert.equal(await beat(2, {}), undefined);
});
