import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../src/dashboard/live/api.ts';
import type { BrowserClock } from '../../src/dashboard/live/browser-clock.ts';
import { Polled } from '../../src/dashboard/live/polled.ts';

/** A clock whose waits end when the test says so, or are aborted. */
function handClock() {
  const waits: { readonly ms: number; readonly end: () => void }[] = [];
  const clock: BrowserClock = {
    now: () => 0,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        waits.push({ ms, end: resolve });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
  return { clock, waits };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('what is under way is looked at often, the rest now and then, and no longer once nobody looks', async () => {
  const { clock, waits } = handClock();
  let value = 0;
  const polled = new Polled({ load: async () => ++value, isBusy: (one) => one === 1, clock });
  const closing = new AbortController();

  const running = polled.run(closing.signal);
  await settled();
  waits[0]!.end();
  await settled();
  closing.abort();
  await running;

  assert.deepEqual(
    waits.map(({ ms }) => ms),
    [2_000, 30_000],
  );
  assert.deepEqual(polled.news.value, { type: 'loaded', value: 2 });
});

test('what somebody does is shown at once, by one look, and looked at often from then on; a refusal is handed back', async () => {
  const { clock, waits } = handClock();
  const state = { busy: false, looks: 0 };
  const load = async () => {
    state.looks++;
    return state.busy;
  };
  const polled = new Polled({ load, isBusy: (busy) => busy, clock });
  const closing = new AbortController();
  const running = polled.run(closing.signal);
  await settled();

  state.busy = true;
  await polled.after(Promise.resolve());
  await settled();
  const refused = polled.after(Promise.reject(new ApiError(409, { detail: 'it runs' })));

  await assert.rejects(refused, /it runs/);
  assert.deepEqual(
    waits.slice(0, 2).map(({ ms }) => ms),
    [30_000, 2_000],
  );
  assert.deepEqual([state.looks, polled.news.value], [3, { type: 'loaded', value: true }]);
  closing.abort();
  await running;
});

test('an answer that comes after a later one is left out, a failure leaves what was shown, what is gone is said to be unknown', async () => {
  const answers: { resolve: (value: string) => void; reject: (error: unknown) => void }[] = [];
  const load = () => new Promise<string>((resolve, reject) => answers.push({ resolve, reject }));
  const polled = new Polled({ load, isBusy: () => false, clock: handClock().clock });

  const looks = [polled.look(), polled.look(), polled.look()];
  answers[1]!.resolve('later');
  await settled();
  answers[0]!.resolve('earlier');
  answers[2]!.reject(new TypeError('no network'));
  await Promise.all(looks);
  const kept = polled.news.value;
  const gone = polled.look();
  answers[3]!.reject(new ApiError(404, {}));
  await gone;

  assert.deepEqual(kept, { type: 'loaded', value: 'later' });
  assert.deepEqual(polled.news.value, { type: 'unknown' });
});
