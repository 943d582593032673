import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertDetail, AlertView } from '../../src/contract/fleet.ts';
import { type AlertPageQuery, type Api, ApiError, createApi, type LogsQuery } from '../../src/dashboard/live/api.ts';
import { readArchivedLines } from '../../src/dashboard/live/archive-lines.ts';
import type { BrowserClock } from '../../src/dashboard/live/browser-clock.ts';
import { LiveAlert } from '../../src/dashboard/live/live-alert.ts';
import { LiveAlerts } from '../../src/dashboard/live/live-alerts.ts';
import type { Connection, LiveListener } from '../../src/dashboard/live/live-fleet.ts';
import { Store } from '../../src/dashboard/live/store.ts';
import { FIRST_QUERY } from '../../src/dashboard/model/alert-pages.ts';
import { until } from '../support/until.ts';
import { makeRecord } from './fixture-alerts.ts';
import { makeAlert } from './fixture-server.ts';

const AT = Date.parse('2025-12-10T19:45:00.000Z');
const at = (seconds: number) => new Date(AT + seconds * 1000).toISOString();

/** Short waits pass at once; the long look again never does: what is fetched, an event or the reader has asked for. */
const clock: BrowserClock = {
  now: () => AT,
  wait: (ms, signal) =>
    ms < 5_000
      ? Promise.resolve()
      : new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          signal?.addEventListener('abort', () => resolve(), { once: true });
        }),
};

/** The fleet's events, as far as alerts need them. */
function arrange(api: Partial<Api>) {
  const listeners = new Set<LiveListener>();
  const live = {
    connection: new Store<Connection>('live'),
    listen(listener: LiveListener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const known: Api = { ...createApi('http://127.0.0.1:1'), silences: async () => [], ...api };
  return {
    live,
    listeners,
    api: known,
    tell(alert: AlertView) {
      for (const listener of listeners) listener.onEvents?.([{ type: 'alert', alert }]);
    },
  };
}

test('a list follows events, keeps what was turned, and asks anew for what the reader chooses', async () => {
  const all = Array.from({ length: 120 }, (_, index) => makeAlert({ id: String(index + 1), last_at: at(index) }));
  const asked: AlertPageQuery[] = [];
  const { api, live, listeners, tell } = arrange({
    alerts: async (query) => {
      asked.push(query);
      const newestFirst = [...all].reverse();
      const from = query.after === undefined ? 0 : newestFirst.findIndex(({ id }) => id === query.after?.id) + 1;
      return newestFirst.slice(from, from + (query.limit ?? 200));
    },
  });
  const alerts = new LiveAlerts(api, live, clock);
  const closing = new AbortController();
  const running = alerts.run(closing.signal);
  const shown = () => (alerts.news.value.type === 'loaded' ? alerts.news.value.pages.alerts.map(({ id }) => id) : []);
  await until('the first page is there', () => shown().length === 50);

  tell(makeAlert({ id: '500', last_at: at(500) }));
  assert.deepEqual([shown()[0], shown().length], ['500', 51]);
  await alerts.older();
  await alerts.older();
  assert.deepEqual([shown().length, shown().at(-1)], [121, '1']);
  assert.equal(alerts.news.value.type === 'loaded' && alerts.news.value.pages.more, false);
  tell(makeAlert({ id: '500', last_at: at(500), state: 'resolved' }));
  assert.equal(shown().includes('500'), false);
  const before = asked.length;
  for (const listener of listeners) listener.onReload?.();
  await until('it was fetched again', () => asked.length > before && shown().length === 120);
  assert.equal(asked.at(-1)?.limit, 150, 'as many as were turned');

  await alerts.choose({ ...FIRST_QUERY, text: 'grok' });
  await until('it was asked for', () => asked.at(-1)?.text === 'grok');
  live.connection.set('signed-out');
  assert.deepEqual([alerts.news.value.type, alerts.query.value], ['loading', FIRST_QUERY]);
  closing.abort();
  await running;
  assert.equal(listeners.size, 0);
});

test('what is told while a page is on its way is not lost to it', async () => {
  const answers = Promise.withResolvers<readonly AlertView[]>();
  const { api, live, listeners, tell } = arrange({ alerts: () => answers.promise });
  const alerts = new LiveAlerts(api, live, clock);
  const closing = new AbortController();
  const running = alerts.run(closing.signal);
  await until('it listens', () => listeners.size === 1);

  tell(makeAlert({ id: '1', last_at: at(0), state: 'resolved' }));
  answers.resolve([makeAlert({ id: '1', last_at: at(0) }), makeAlert({ id: '0', last_at: at(-1) })]);

  await until('it is there', () => alerts.news.value.type === 'loaded');
  const { value } = alerts.news;
  assert.deepEqual(value.type === 'loaded' && value.pages.alerts.map(({ id }) => id), ['0']);
  closing.abort();
  await running;
});

test('one alert is fetched again when an event tells of it, after each action, and is unknown when it is none', async () => {
  let asked = 0;
  let state: AlertView['state'] = 'open';
  const { api, live, tell } = arrange({
    alert: async (id) => {
      asked += 1;
      if (id !== '5') throw new ApiError(404, { code: 'NSV_NOT_FOUND' });
      return { ...makeAlert({ id, state }), events: [], deliveries: [], silenced_until: null } satisfies AlertDetail;
    },
    changeAlert: async () => {
      if (state !== 'open') throw new ApiError(404, { detail: 'there is no open alert 5' });
      state = 'resolved';
      return makeAlert({ id: '5', state });
    },
  });
  const watched = new LiveAlert('5', api, live, clock);
  const closing = new AbortController();
  const running = watched.run(closing.signal);
  const shown = () => (watched.news.value.type === 'loaded' ? watched.news.value.alert.state : watched.news.value.type);
  await until('it is there', () => shown() === 'open');

  tell(makeAlert({ id: '6' }));
  assert.equal(asked, 1);
  state = 'acknowledged';
  tell(makeAlert({ id: '5' }));
  await until('it was fetched again', () => shown() === 'acknowledged');
  state = 'open';
  await watched.change('resolve', undefined);
  assert.equal(shown(), 'resolved');
  await assert.rejects(watched.change('resolve', undefined), /no open alert 5/);
  closing.abort();
  await running;

  const nobody = new LiveAlert('7', api, live, clock);
  const gone = new AbortController();
  const looking = nobody.run(gone.signal);
  await until('it is unknown', () => nobody.news.value.type === 'unknown');
  gone.abort();
  await looking;
});

test('the last lines before an alert are found however many there are, and no more than a few are read', async () => {
  const asked: LogsQuery[] = [];
  // A hundred lines a second, half an hour long, the oldest first.
  const logs = async (query: LogsQuery) => {
    asked.push(query);
    const [from, to] = [Date.parse(query.since), Date.parse(query.until)];
    const count = Math.min(query.limit, (to - from) / 10);
    const lines = Array.from(
      { length: count },
      (_, index) => `${JSON.stringify(makeRecord(0, {}, from + index * 10))}\n`,
    );
    return new Blob([...lines, 'no record\n']).stream() as ReadableStream<Uint8Array>;
  };
  const alert = { server: 'RACK-7', agent_id: null, last_at: at(0) };

  const found = await readArchivedLines({ logs }, alert, new AbortController().signal);

  assert.equal(found.before.length, 100);
  assert.equal(found.before.at(-1)?.timestamp, at(-0.01), 'the very last one before it');
  assert.deepEqual([found.after[0]?.timestamp, found.after.length, found.moreAfter], [at(0), 100, true]);
  assert.deepEqual(
    asked.map(({ since, until: to }) => [Date.parse(since) - AT, Date.parse(to) - AT]),
    [
      [-300_000, 0],
      [-30_000, 0],
      [-3_000, 0],
      [0, 600_000],
    ],
  );
  assert.deepEqual([asked[0]?.server, asked[0]?.agentId], ['RACK-7', null]);
});
