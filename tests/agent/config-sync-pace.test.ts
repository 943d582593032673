/**
 * How often an agent asks for its configuration. Goal: a fleet whose orchestrator was away comes back to it without a stampede, though something else is desired by then. Method: a thousand times what an
 * agent asks with, over a clock that is moved; each question is noted, and no second may hold more than the bound.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigSync, type ConfigSyncOptions } from '../../src/agent/config-sync/config-sync.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { givenSeed, seededRandom } from '../support/random.ts';

const AGENTS = 1_000;
const REQUESTS_A_SECOND_MAX = 50;
/** Long enough for every agent to wait as long between two questions as it ever does. */
const AWAY_MS = 500_000;

test('a thousand agents come back to an orchestrator that was away, and none of it is a stampede', async (t) => {
  const clock = new FakeClock();
  const seed = givenSeed();
  const random = seededRandom(seed);
  const downAt = clock.now() + 3_000;
  const backAt = downAt + AWAY_MS;
  const isDown = () => clock.now() >= downAt && clock.now() < backAt;
  const away = () => new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'nobody answers');
  const askedAt: number[] = [];
  const broken = new AbortController();
  const agents = Array.from({ length: AGENTS }, () => {
    let has = 'old';
    let isFirst = true;
    const pollConfig = async (_: unknown, waitSeconds: number, signal?: AbortSignal) => {
      if (isDown()) throw away();
      if (isFirst) {
        isFirst = false; // answered, it knows that there is somebody
        return undefined;
      }
      if (clock.now() < downAt) {
        await clock.sleep(waitSeconds * 1_000, AbortSignal.any([signal!, broken.signal])).catch(() => undefined);
        throw away();
      }
      askedAt.push(clock.now());
      if (has === 'new') {
        await clock.sleep(waitSeconds * 1_000, signal);
        return undefined;
      }
      has = 'new';
      return { revision: has };
    };
    const taker = { state: { desired: 'old' }, take: async () => undefined };
    const options = { client: { pollConfig }, taker, clock, random, logger: silentLogger };
    return new ConfigSync(options as unknown as ConfigSyncOptions).start();
  });
  t.after(() => Promise.all(agents.map((agent) => agent.close())));

  await clock.advance(3_000);
  broken.abort();
  await clock.advance(AWAY_MS + 60_000);

  askedAt.sort((a, b) => a - b);
  const worst = Math.max(
    ...askedAt.map((at, index) => askedAt.findLastIndex((other) => other < at + 1_000) - index + 1),
  );
  t.diagnostic(`seed ${seed}: ${askedAt.length} questions in a minute, ${worst} in the worst second`);
  assert.ok(askedAt.length > AGENTS / 2, `only ${askedAt.length} asked`);
  assert.ok(worst <= REQUESTS_A_SECOND_MAX, `${worst} in a second (NERVESYS_SEED=${seed})`);
});

test('what a server refuses is tried again in a while: what was wrong there may have been mended', async (t) => {
  const clock = new FakeClock();
  const state = { running: 'old', desired: 'old', error: null as string | null };
  let isMended = false;
  const given: number[] = [];
  const startedAt = clock.now();
  const pollConfig = async (has: string | undefined, waitSeconds: number, signal?: AbortSignal) => {
    if (has !== 'new') return { revision: 'new' };
    await clock.sleep(waitSeconds * 1_000, signal);
    return undefined;
  };
  const take = async () => {
    given.push(Math.round((clock.now() - startedAt) / 60_000));
    Object.assign(state, isMended ? { running: 'new', desired: 'new', error: null } : { desired: 'new', error: 'no' });
  };
  const options = { client: { pollConfig }, taker: { state, take }, clock, random: () => 0.5, logger: silentLogger };
  const sync = new ConfigSync(options as unknown as ConfigSyncOptions).start();
  t.after(() => sync.close());

  await clock.advance(15 * 60_000);
  isMended = true;
  await clock.advance(30 * 60_000);

  assert.deepEqual(given, [0, 10, 20]);
  assert.deepEqual(state, { running: 'new', desired: 'new', error: null });
});
