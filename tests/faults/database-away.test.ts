/** Postgres goes away in every way it can: callers are asked to come back, nobody falls over, and all of it recovers by itself. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import pg from 'pg';
import { Database } from '../../src/orchestrator/database/database.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { FaultProxy } from '../servers/fault-proxy.ts';
import { heartbeat, TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

/** A new database that is reached through a proxy, as over a network. */
async function networked(t: TestContext, silenceMs?: number): Promise<{ proxy: FaultProxy; open: () => Database }> {
  await (await postgres.database()).close();
  const { host, port, user } = postgres.server.connection();
  const proxy = await FaultProxy.start(join(String(host), `.s.PGSQL.${port}`));
  t.after(() => proxy[Symbol.asyncDispose]());
  const connectionString = `postgres://${user}@127.0.0.1:${proxy.port}/${postgres.lastName}`;
  const open = () =>
    new Database({
      connection: { connectionString },
      clock: systemClock,
      logger: silentLogger,
      connectionsMax: 4,
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
  return { proxy, open };
}

async function beat(
  system: TestOrchestrator,
  key: string,
): Promise<{ status: number; code: string; retryAfter: string | null }> {
  const body = { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] };
  const { status, json, headers } = await system.ask('POST', '/api/v1/heartbeats', { key, body });
  return { status, code: json?.code, retryAfter: headers.get('retry-after') };
}

/** Asserts that beats are refused as something that passes, while a live stream, once opened, may end and the process stays. */
async function assertHeldOff(system: TestOrchestrator, key: string): Promise<void> {
  const { status, code, retryAfter } = await until('beats are held off', async () => {
    const answer = await beat(system, key);
    return answer.status === 200 ? undefined : answer;
  });
  assert.deepEqual([status, code, Number(retryAfter) > 0], [503, 'NSV_DATABASE_UNREACHABLE', true]);
  assert.equal((await system.ask('GET', '/healthz', { key: null })).status, 200);
}

async function untilTaken(system: TestOrchestrator, key: string): Promise<void> {
  await until('beats are taken again', async () => (await beat(system, key)).status === 200, 15_000);
}

test('Postgres killed: beats are held off with Retry-After, and taken as soon as it is back; replicas hear each other again', async (t) => {
  const one = await TestOrchestrator.open(t, await postgres.database());
  const two = await TestOrchestrator.open(t, postgres.connect(postgres.lastName));
  const key = await one.enrol('AIGARDEN01');
  await untilTaken(one, key);
  const pid = postgres.server.pid!;

  process.kill(pid, 'SIGKILL');
  await assertHeldOff(one, key);
  await untilTaken(one, key);

  assert.notEqual(postgres.server.pid, pid);
  await assertHears(two, one, key);
});

/** A beat that `from` takes is on the pages of `at`. */
async function assertHears(at: TestOrchestrator, from: TestOrchestrator, key: string): Promise<void> {
  const ended = new AbortController();
  const decoder = new TextDecoder();
  try {
    await until(
      'the other replica tells it',
      async () => {
        // A gap ends the streams, so that pages fetch what they have missed: open one anew until it stays.
        const answer = await fetch(`${at.url}/api/v1/events`, {
          headers: { authorization: `Bearer ${at.adminKey}` },
          signal: ended.signal,
        });
        const reader = answer.body!.getReader();
        const heard = (async () => {
          for (let text = ''; ; ) {
            const { done, value } = await reader.read();
            if (done) return false;
            text += decoder.decode(value, { stream: true });
            if (text.includes('event: fleet')) return true;
          }
        })();
        heard.catch(() => undefined);
        await beat(from, key);
        const told = await Promise.race([heard, systemClock.sleep(1_000).then(() => false)]);
        await reader.cancel();
        return told;
      },
      20_000,
    );
  } finally {
    ended.abort();
  }
}

test('the network goes silent: a statement gives up, later ones are not queued behind it, and a listener notices and listens again', async (t) => {
  const { proxy, open } = await networked(t, 400);
  await using database = open();
  await using direct = postgres.connect(postgres.lastName);
  const [heard, gaps]: [string[], number[]] = [[], []];
  await database.listen('test_channel', { onMessage: (text) => heard.push(text), onGap: () => gaps.push(1) });
  await Promise.all([1, 2].map(() => database.query('SELECT pg_sleep(0.05)'))); // two connections stand

  proxy.stall();
  const startedAt = performance.now();
  const statement = assert.rejects(database.query('SELECT 1'), { code: 'NSV_DATABASE_UNREACHABLE', retryable: true });
  const transaction = assert.rejects(
    database.transaction((transaction) => transaction.query('SELECT 1')),
    { code: 'NSV_DATABASE_UNREACHABLE' },
  );
  await Promise.all([statement, transaction]);
  const gaveUpMs = performance.now() - startedAt;
  await systemClock.sleep(1_000); // the listener has asked meanwhile
  proxy.cut(); // what was half-open is gone for good
  proxy.resume();

  await until('it listens again', () => gaps.length > 0);
  await until('messages arrive', async () => {
    await direct.notify('test_channel', 'after');
    return heard.includes('after');
  });
  assert.equal((await database.query<{ one: number }>('SELECT 1 AS one')).rows[0]?.one, 1);
  assert.ok(gaveUpMs < 3_000, `${gaveUpMs} ms`);
});

test('a network that only falls silent, and never says so, does not deafen a listener', async (t) => {
  const { proxy, open } = await networked(t, 300);
  await using database = open();
  let gaps = 0;
  await database.listen('test_channel', { onMessage: () => undefined, onGap: () => gaps++ });

  proxy.stall();
  await systemClock.sleep(900); // asked, and no answer
  proxy.resume(); // for connections from now on; what was silent may go on as well

  await until('it listens again', () => gaps > 0, 15_000);
});

test('failing over: what answers is a standby for a while, callers come back, and connections to it are not kept', async (t) => {
  const database = await postgres.database();
  const name = postgres.lastName;
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  await untilTaken(system, key);
  await using admin = postgres.connect('postgres');
  const drop = () =>
    admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
      [name],
    );

  await admin.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await drop(); // the old primary hangs up, and comes back as a standby
  await assertHeldOff(system, key);
  await admin.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);

  // Nobody hangs up now: connections that have found out that they lead to a standby are thrown away.
  await untilTaken(system, key);
});

test('out of connections: callers come back, and all goes on once there are some', async (t) => {
  const database = await postgres.database();
  const name = postgres.lastName;
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  await untilTaken(system, key);
  const greedy: pg.Client[] = [];
  t.after(() => Promise.all(greedy.map((client) => client.end().catch(() => undefined))));
  await using admin = postgres.connect('postgres');
  await admin.query('SELECT 1');

  /** Takes every connection that is free. */
  const takeAll = async (): Promise<void> => {
    for (;;) {
      const client = new pg.Client(postgres.server.connection('postgres'));
      client.on('error', () => undefined);
      try {
        await client.connect();
        greedy.push(client);
      } catch (error) {
        assert.equal((error as { code?: string }).code, '53300');
        return;
      }
    }
  };

  // The orchestrator is quick to take back what it loses, so more than once.
  await until('it has none left', async () => {
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    await takeAll();
    return (await beat(system, key)).status === 503;
  });
  await assertHeldOff(system, key);
  await Promise.all(greedy.map((client) => client.end()));

  await untilTaken(system, key);
});

test('the way to Postgres is cut under load: what was acknowledged is stored, the rest was never acknowledged', async (t) => {
  const { proxy, open } = await networked(t);
  const system = await TestOrchestrator.open(t, open());
  const key = await system.enrol('AIGARDEN01');
  const acknowledged: string[] = [];
  const send = async (n: number): Promise<void> => {
    const body = { heartbeats: [heartbeat('AIGARDEN01', `A${n}`)] };
    const answer = await system.ask('POST', '/api/v1/heartbeats', { key, body });
    if (answer.status === 200 && answer.json.accepted === 1) acknowledged.push(`A${n}`);
  };
  const sending = (async () => {
    for (let n = 0; n < 60; n++) {
      if (n === 20) proxy.cut();
      if (n === 40) proxy.resume();
      await send(n);
    }
  })();

  await sending;
  await untilTaken(system, key);

  await using direct = postgres.connect(postgres.lastName);
  const { rows } = await direct.query<{ agent_id: string }>('SELECT agent_id FROM agent_status');
  const stored = new Set(rows.map((row) => row.agent_id));
  assert.ok(acknowledged.length >= 20 && acknowledged.length < 60, `${acknowledged.length} acknowledged`);
  assert.deepEqual(
    acknowledged.filter((agent) => !stored.has(agent)),
    [],
  );
});
