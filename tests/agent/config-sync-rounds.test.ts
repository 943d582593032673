/** The rounds of asking for a configuration, on a clock that moves when told. The orchestrator is a stand-in. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ConfigSync } from '../../src/agent/config-sync/config-sync.ts';
import { ConfigTaker } from '../../src/agent/config-sync/config-taker.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { FakeClock } from '../support/fake-clock.ts';

const unreachable = new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'away', { retryable: true });

/** A server whose orchestrator is away until told otherwise; when it asked, in ms since the start. */
function openServer(t: TestContext, clock: FakeClock, random: number, isAway: () => boolean): number[] {
  const asked: number[] = [];
  const startedAt = clock.now();
  const sync = new ConfigSync({
    client: {
      async pollConfig(_has, waitSeconds, signal) {
        asked.push(clock.now() - startedAt);
        if (isAway()) throw unreachable;
        await clock.sleep(waitSeconds * 1_000, signal);
        return undefined;
      },
    },
    taker: new ConfigTaker({
      running: 'aaaaaaaaaaaa',
      apply: async () => [],
      onChange: () => undefined,
      clock,
      logger: silentLogger,
    }),
    clock,
    random: () => random,
    logger: silentLogger,
  }).start();
  t.after(() => sync.close());
  return asked;
}

test('an orchestrator that is away for a day is asked every few minutes, and again within three when it is back', async (t) => {
  const clock = new FakeClock();
  let isAway = true;
  const asked = openServer(t, clock, 1, () => isAway);
  await clock.advance(86_400_000);
  const before = asked.length;
  isAway = false;

  await clock.advance(180_000);

  assert.ok(before >= 480 && before < 490, `${before} times in a day`); // by the longest wait that can be drawn
  assert.ok(asked[before]! - 86_400_000 <= 180_000);
});

test('how long each waits is drawn by lot, up to three minutes: a fleet does not come back in step', async (t) => {
  const clock = new FakeClock();
  const waits = [0.1, 0.5, 0.9].map((random) => openServer(t, clock, random, () => true));
  await clock.advance(1_800_000);

  const last = waits.map((asked) => asked.at(-1)! - asked.at(-2)!);
  assert.deepEqual(last, [18_000, 90_000, 162_000]);
});

test('what cannot be put into effect now is tried again until it can be or another is desired; a mistake is not', async (t) => {
  const clock = new FakeClock();
  let reason: string | undefined = 'NSV_PORT_IN_USE';
  const tried: string[] = [];
  let changes = 0;
  const taker = new ConfigTaker({
    running: 'aaaaaaaaaaaa',
    apply: async ({ revision }) => {
      tried.push(revision);
      if (reason !== undefined) throw new NervesysError(reason as 'NSV_PORT_IN_USE', 'listen: taken');
      return [];
    },
    onChange: () => void changes++,
    clock,
    logger: silentLogger,
  });
  t.after(() => taker.close());
  const deliver = (revision: string) => taker.take({ format: 1, revision, config: {} });

  await deliver('bbbbbbbbbbbb');
  await clock.advance(65_000);
  assert.deepEqual(taker.state, { running: 'aaaaaaaaaaaa', desired: 'bbbbbbbbbbbb', error: 'listen: taken' });
  assert.deepEqual([tried.length, changes], [3, 1]);
  reason = undefined;
  await clock.advance(30_000);
  assert.deepEqual(taker.state, { running: 'bbbbbbbbbbbb', desired: 'bbbbbbbbbbbb', error: null });
  reason = 'NSV_CONFIG_INVALID';
  await deliver('cccccccccccc');
  reason = 'NSV_PORT_IN_USE';
  await deliver('dddddddddddd');
  await deliver('eeeeeeeeeeee');
  tried.length = 0;
  await clock.advance(95_000);

  assert.deepEqual(new Set(tried), new Set(['eeeeeeeeeeee']));
});
