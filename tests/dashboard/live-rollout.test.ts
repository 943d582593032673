import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutAnswer } from '../../src/contract/rollout.ts';
import { type Api, createApi } from '../../src/dashboard/live/api.ts';
import type { BrowserClock } from '../../src/dashboard/live/browser-clock.ts';
import { LiveRollout } from '../../src/dashboard/live/live-rollout.ts';
import { Store } from '../../src/dashboard/live/store.ts';
import { applyEvents, EMPTY_FLEET, type FleetModel } from '../../src/dashboard/model/fleet-model.ts';
import { until } from '../support/until.ts';
import { makeAgent, makeAlert, makeConfig, makeRevision, makeRollout, makeServer } from './fixture-server.ts';

const NEW = 'abc123def456';

/** The pace passes at once; the long look again never does: what is fetched, an event has asked for. */
const clock: BrowserClock = {
  now: () => 0,
  wait: (ms, signal) =>
    ms < 5_000
      ? Promise.resolve()
      : new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          signal?.addEventListener('abort', () => resolve(), { once: true });
        }),
};

function answer(change: Partial<RolloutAnswer> = {}): RolloutAnswer {
  return {
    now: new Date(0).toISOString(),
    config: makeConfig(NEW),
    rollout: makeRollout({}, 0),
    servers: [],
    ...change,
  };
}

function arrange(api: Partial<Api>) {
  const model = new Store<FleetModel>(EMPTY_FLEET);
  const known: Api = { ...createApi('http://127.0.0.1:1'), revisions: async () => [makeRevision(NEW)], ...api };
  const live = new LiveRollout(known, model, clock);
  const closing = new AbortController();
  const running = live.run(closing.signal);
  return {
    model,
    live,
    async close() {
      closing.abort();
      await running;
    },
  };
}

test('it is fetched when somebody looks, and again when an event tells of a change, but not for a beat', async () => {
  let asked = 0;
  const { model, live, close } = arrange({
    rollout: async () => {
      asked += 1;
      return answer();
    },
  });
  const tell = (...events: Parameters<typeof applyEvents>[1]) => model.set(applyEvents(model.value, events));
  await until('it is there', () => live.news.value.type === 'loaded');
  assert.equal(asked, 1);

  tell({ type: 'fleet', agent: makeAgent({ agent_id: 'GROK' }) }, { type: 'alert', alert: makeAlert({ id: '1' }) });
  await new Promise(setImmediate);
  assert.equal(asked, 1);
  tell({ type: 'config', config: makeConfig(NEW) });
  await until('the rollout has moved', () => asked === 2);
  tell({ type: 'server', server: makeServer('AIGARDEN01') });
  await until('a server runs another', () => asked === 3);
  tell({ type: 'alert', alert: makeAlert({ id: '2', kind: 'config.refused' }) });
  await until('a revision was refused', () => asked === 4);

  await close();
  assert.equal(live.news.value.type, 'loading', 'who looks next may be somebody else');
});

test('what was steered is shown at once, and an answer from before it changes nothing', async () => {
  const held: ((value: RolloutAnswer) => void)[] = [];
  const { live, close } = arrange({
    rollout: () => new Promise((resolve) => held.push(resolve)),
    steerRollout: async () => answer({ rollout: makeRollout({ state: 'paused' }, 0) }),
  });
  const state = () => (live.news.value.type === 'loaded' ? live.news.value.answer.rollout?.state : undefined);
  held[0]!(answer());
  await until('it is there', () => state() === 'rolling');
  await live.steer('pause', {});
  assert.equal(state(), 'paused');
  await until('it is fetched again', () => held.length === 2);
  await live.steer('pause', {});

  held[1]!(answer());
  await until('it is fetched once more', () => held.length === 3);

  assert.equal(state(), 'paused', 'the second answer was asked for before');
  held[2]!(answer());
  await until('what is true now is shown', () => state() === 'rolling');
  await close();
});

test('what was shown stays on show while the orchestrator is away; without any, what stands against it is told', async () => {
  let away = true;
  let asked = 0;
  const { model, live, close } = arrange({
    rollout: async () => {
      asked += 1;
      if (away) throw new Error('it is away');
      return answer();
    },
  });
  const nudge = () => model.set(applyEvents(model.value, [{ type: 'config', config: makeConfig(NEW) }]));
  await until('it has failed', () => live.news.value.type === 'failed');
  assert.deepEqual(live.news.value, { type: 'failed', reason: 'it is away' });
  away = false;
  nudge();
  await until('it is there', () => live.news.value.type === 'loaded');
  away = true;

  nudge();
  await until('it has failed again', () => asked === 3);
  await new Promise(setImmediate); // what it made of that

  assert.equal(live.news.value.type, 'loaded');
  await close();
});
