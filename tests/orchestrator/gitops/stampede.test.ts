import assert from 'node:assert/strict';
import http from 'node:http';
import { after, test } from 'node:test';
import { hashSecret, newSecret } from '../../../src/orchestrator/api/secrets.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { nthRevision } from '../../support/revisions.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const AGENTS = 1_000;
const REQUESTS_A_SECOND_MAX = 50;

/*
 * A thousand agents wait as real ones do: each holds one request, and asks again as soon as it is answered. Then the configuration
 * changes. Each request that arrives from then on is noted, and no window of a second may hold more than the bound.
 */
test('a thousand agents that wait all have a change soon, and none of it is a stampede', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const keys = await enrolMany(system, database, AGENTS);
  const [first, second] = [await nthRevision(1), await nthRevision(2, 'rollout: {canary: 100%}\n')];
  await system.orchestrator.revisions.record(first);
  const agents = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  t.after(() => agents.destroy());
  const askedAt: number[] = [];
  const running = new Map<string, string>();
  const stop = new AbortController();
  t.after(() => stop.abort());
  const follow = async (key: string): Promise<void> => {
    let has = first.revision;
    while (!stop.signal.aborted) {
      askedAt.push(performance.now());
      const answer = await askConfig(system.url, key, has, agents, stop.signal);
      if (answer === undefined) return;
      has = answer;
      running.set(key, has);
    }
  };
  const following = keys.map((key) => follow(key));
  await until(
    'all wait',
    async () => /^nervesys_config_waiting_agents 1000$/m.test((await system.ask('GET', '/metrics')).text),
    60_000,
  );
  askedAt.length = 0;
  const changedAt = performance.now();

  await system.orchestrator.revisions.record(second);
  await until(
    'all have it',
    () => running.size === AGENTS && [...running.values()].every((has) => has === second.revision),
    60_000,
  );

  const tookSeconds = (performance.now() - changedAt) / 1_000;
  stop.abort();
  await Promise.all(following);
  const busiest = busiestSecond(askedAt);
  t.diagnostic(`${AGENTS} agents in ${tookSeconds.toFixed(1)} s, ${busiest} requests in the busiest second`);
  assert.ok(busiest <= REQUESTS_A_SECOND_MAX, `${busiest} requests in one second`);
  assert.ok(tookSeconds < 45, `${tookSeconds} s`);
});

/** Servers with a key each, as `n` enrolments leave them. */
async function enrolMany(system: TestOrchestrator, database: Database, n: number): Promise<readonly string[]> {
  await system.enrol('FIRST');
  const keys = Array.from({ length: n }, () => newSecret());
  const servers = keys.map((_, index) => `S${index}`);
  await database.query(
    `INSERT INTO servers (server, enrolled_at, next_judged_at) SELECT name, now(), now() + interval '1 day' FROM unnest($1::text[]) AS name`,
    [servers],
  );
  await database.query(
    `INSERT INTO agent_keys (key_sha256, server, token_id, created_at)
     SELECT key, name, (SELECT token_id FROM agent_keys LIMIT 1), now() FROM unnest($1::text[], $2::text[]) AS given (key, name)`,
    [keys.map((key) => hashSecret(key)), servers],
  );
  return keys;
}

/** The revision that the answer leaves it with; `undefined` when it was told to stop. */
function askConfig(
  url: string,
  key: string,
  has: string,
  agent: http.Agent,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'if-none-match': `"${has}"` };
    const request = http.get(`${url}/api/v1/config?wait=55`, { agent, headers, signal }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 304) resolve(has);
        else if (response.statusCode === 200) resolve(String(response.headers.etag).replaceAll('"', ''));
        else reject(new Error(`answered ${response.statusCode}`));
      });
      response.once('error', (error) => (signal.aborted ? resolve(undefined) : reject(error)));
    });
    request.once('error', (error) => (signal.aborted ? resolve(undefined) : reject(error)));
  });
}

function busiestSecond(times: readonly number[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while (times[to]! - times[from]! >= 1_000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
