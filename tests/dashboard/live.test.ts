import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryPoint } from '../../src/contract/fleet.ts';
import { type Api, ApiError, createApi } from '../../src/dashboard/live/api.ts';
import { type BrowserClock, browserClock } from '../../src/dashboard/live/browser-clock.ts';
import { EventParser } from '../../src/dashboard/live/event-parser.ts';
import { HistoryCache } from '../../src/dashboard/live/history-cache.ts';
import { LiveFleet } from '../../src/dashboard/live/live-fleet.ts';
import { agentKey } from '../../src/dashboard/model/fleet-model.ts';
import { until } from '../support/until.ts';
import { type FixtureServer, makeAgent, startFixtureServer } from './fixture-server.ts';

const grok = makeAgent({ agent_id: 'GROK' });

/** A clock whose waits are shorter, so that backoff and silence pass within a test. */
function hastened(times: number): BrowserClock {
  return { now: browserClock.now, wait: (ms, signal) => browserClock.wait(ms / times, signal) };
}

function startLive(fixture: FixtureServer, clock: BrowserClock = hastened(10)): LiveFleet & Disposable {
  const live = new LiveFleet(createApi(fixture.url), clock);
  void live.run();
  return Object.assign(live, { [Symbol.dispose]: () => live.close() });
}

test('an event stream is read whole however it is cut, and comments are no events', () => {
  const text =
    ': hello\n\nevent: fleet\ndata: {"a":\ndata: 1}\n\nevent: alert\r\ndata:x\r\n\r\ndata: bare\n\n: beat\n\n';
  const expected = [
    { name: 'fleet', data: '{"a":\n1}' },
    { name: 'alert', data: 'x' },
    { name: 'message', data: 'bare' },
  ];
  for (let size = 1; size <= text.length; size += 1) {
    const parser = new EventParser();
    const events = [];
    for (let from = 0; from < text.length; from += size) events.push(...parser.push(text.slice(from, from + size)));
    assert.deepEqual(events, expected, `in pieces of ${size}`);
  }
});

test('the fleet is fetched, then kept up by events', async () => {
  await using fixture = await startFixtureServer({ agents: [grok], clockOffsetMs: 600_000 });
  using live = startLive(fixture);
  await until('the model shows it', () => live.connection.value === 'live');

  fixture.send('fleet', { ...grok, last_action: 'deploy' });

  await until('the model shows it', () => live.model.value.agents.get(agentKey(grok))?.last_action === 'deploy');
  assert.ok(Math.abs(live.now() - Date.now() - 600_000) < 2_000, "the clock is the orchestrator's");
});

test('the page knows when the orchestrator answers and its database is away, until it is back', async () => {
  await using fixture = await startFixtureServer({ agents: [grok] });
  let away = false;
  const whole = createApi(fixture.url);
  const api: Api = {
    ...whole,
    events: (signal) =>
      away
        ? Promise.reject(new ApiError(503, { code: 'NSV_DATABASE_UNREACHABLE', title: 'Postgres did not answer' }))
        : whole.events(signal),
  };
  const live = new LiveFleet(api, hastened(10));
  void live.run();
  await until('it is live', () => live.connection.value === 'live');

  away = true;
  fixture.breakStreams();
  await until('it says so', () => live.connection.value === 'reconnecting' && live.databaseAway.value);
  away = false;
  await until('it is live again', () => live.connection.value === 'live');

  assert.equal(live.databaseAway.value, false);
  live.close();
});

test('after a restart of the orchestrator the page comes back by itself with what changed meanwhile', async () => {
  await using fixture = await startFixtureServer({ agents: [grok] });
  using live = startLive(fixture);
  await until('the model shows it', () => live.connection.value === 'live');

  await fixture[Symbol.asyncDispose]();
  await until('the model shows it', () => live.connection.value === 'reconnecting');
  assert.equal(live.model.value.agents.size, 1, 'what was known stays on show');

  await using restarted = await startFixtureServer({ agents: [{ ...grok, last_action: 'meanwhile' }] }, fixture.port);
  await until('live', () => live.connection.value === 'live' && restarted.streams === 1);

  assert.equal(live.model.value.agents.get(agentKey(grok))?.last_action, 'meanwhile');
});

test('a connection that is silent for too long is given up and opened anew', async () => {
  await using fixture = await startFixtureServer({ agents: [grok] });
  const states: string[] = [];
  using live = startLive(fixture, hastened(100));
  live.connection.subscribe(() => states.push(live.connection.value));

  await until('the model shows it', () => states.filter((state) => state === 'live').length >= 2);

  assert.ok(states.includes('reconnecting'));
});

test('without a session the page asks to sign in, forgets the fleet, and notices a session by itself', async () => {
  await using fixture = await startFixtureServer({ agents: [grok] });
  using live = startLive(fixture);
  await until('the model shows it', () => live.connection.value === 'live');

  fixture.data.signedIn = false;
  fixture.breakStreams();
  await until('the model shows it', () => live.connection.value === 'signed-out');
  assert.equal(live.model.value.loaded, false);

  fixture.data.signedIn = true;
  await until('the model shows it', () => live.connection.value === 'live');
  assert.equal(live.model.value.agents.size, 1);
});

/** A source of histories that answers when told to. */
function pendingHistories() {
  const asked: {
    readonly name: string;
    readonly answer: (points: readonly HistoryPoint[]) => void;
    readonly fail: () => void;
  }[] = [];
  const cache = new HistoryCache(
    ({ agent_id }) =>
      new Promise((resolve, reject) => {
        asked.push({ name: agent_id, answer: resolve, fail: () => reject(new Error('no answer')) });
      }),
  );
  return { asked, cache, names: () => asked.map(({ name }) => name) };
}
const named = (agent_id: string) => ({ agent_id, server: 'AIGARDEN01' });
const point = (at: number): HistoryPoint => ({
  at,
  cpu_percent: 1,
  ram_percent: 1,
  disk_percent: 1,
  buffer_size_mb: 1,
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('histories are fetched three at a time, the last wanted first, and not for rows that have left the screen', async () => {
  const { asked, cache, names } = pendingHistories();
  const leave = ['A', 'B', 'C', 'D', 'E', 'F'].map((name) => cache.watch(named(name), () => undefined));
  assert.deepEqual(names(), ['A', 'B', 'C']);

  leave[4]!();
  asked[0]!.answer([point(1)]);
  asked[1]!.fail();
  await settled();

  assert.deepEqual(names(), ['A', 'B', 'C', 'F', 'D']);
});

test('a history once fetched is extended by beats and fetched again only after a reconnection', async () => {
  const { asked, cache, names } = pendingHistories();
  let painted = 0;
  cache.watch(grok, () => {
    painted += 1;
  });
  asked[0]!.answer([point(1)]);
  await settled();
  cache.watch(grok, () => undefined);

  cache.onEvents([{ type: 'fleet', agent: grok }]);
  assert.equal(painted, 2);
  assert.equal(cache.points(grok)?.at(-1)?.at, Math.floor(Date.parse(grok.received_at) / 1000));
  assert.deepEqual(names(), ['GROK']);

  cache.onReload();
  assert.deepEqual(names(), ['GROK', 'GROK']);
});
