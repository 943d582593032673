/** The rounds of a follower, on a clock that moves when told: what is told of trouble, and when. The repository and the store are stand-ins. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GitFollower } from '../../../src/config/git/git-follower.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const POLL_MS = 60_000;
const away = new NervesysError('NSV_GIT_FAILED', 'away', { retryable: true });
const noDatabase = new NervesysError('NSV_DATABASE_UNREACHABLE', 'Postgres did not answer', { retryable: true });

const READ = {
  revision: 'aaaaaaaaaaaa',
  source: 'git',
  commit: null,
  files: {},
  config: undefined,
  refusal: undefined,
} as const;

/** Each look takes the next outcome: `undefined` is a good one. `told` says what came of it; the last outcome stays. */
async function follow(
  t: TestContext,
  outcomes: (NervesysError | undefined)[],
  tell: (count: number) => void = () => undefined,
) {
  const told: string[] = [];
  let looks = 0;
  const clock = new FakeClock();
  const follower = new GitFollower({
    repository: {
      head: async () => {
        const outcome = outcomes[Math.min(looks++, outcomes.length - 1)];
        if (outcome !== undefined) throw outcome;
        return { sha: 'a'.repeat(40), ref: 'refs/heads/main' };
      },
      read: async () => ({ ...READ }),
    },
    store: { record: async () => 'known', found: async () => null, latest: async () => undefined },
    whileAlone: (work) => work(),
    pollMs: POLL_MS,
    onTrouble: async (trouble) => {
      told.push(trouble === undefined ? 'well' : trouble.code);
      tell(told.length);
    },
    clock,
    random: () => 0.5,
    logger: silentLogger,
  });
  t.after(() => follower.close());
  follower.start();
  for (let round = 0; round < outcomes.length + 2; round++) await clock.advance(300_000);
  return told;
}

test('trouble is told once, and once that it is over', async (t) => {
  assert.deepEqual(await follow(t, [away, away, away, undefined, undefined]), ['NSV_GIT_FAILED', 'well']);
});

test('a hiccup that the next look is past is told nobody', async (t) => {
  assert.deepEqual(await follow(t, [undefined, away, undefined, away, undefined]), ['well']);
});

test('trouble with another reason is told again, and what differs each time is no reason', async (t) => {
  const failed = (message: string) => new NervesysError('NSV_GIT_FAILED', message, { retryable: true });
  const outcomes = [away, failed('no branch'), failed('refused after 3 ms'), failed('refused after 12 ms'), undefined];
  assert.deepEqual(await follow(t, outcomes), ['NSV_GIT_FAILED', 'NSV_GIT_FAILED', 'well']);
});

test('what a replica that is gone has told is over within an hour', async (t) => {
  const hours = Array.from({ length: 15 }, () => undefined); // of five minutes each
  assert.deepEqual(await follow(t, hours), ['well', 'well']);
});

test('ten thousand pushes in a minute are a look a second, and the last of them is seen', async (t) => {
  const clock = new FakeClock();
  const looks: number[] = [];
  const follower = new GitFollower({
    repository: {
      head: async () => {
        looks.push(clock.now());
        return { sha: 'a'.repeat(40), ref: 'refs/heads/main' };
      },
      read: async () => ({ ...READ }),
    },
    store: { record: async () => 'known', found: async () => READ.revision, latest: async () => undefined },
    whileAlone: (work) => work(),
    pollMs: 600_000,
    onTrouble: async () => undefined,
    clock,
    random: () => 0.5,
    logger: silentLogger,
  });
  t.after(() => follower.close());
  follower.start();
  await clock.advance(0);

  for (let n = 0; n < 600; n++) {
    await clock.advance(100);
    follower.nudge();
  }
  const told = clock.now();
  await clock.advance(2_000);

  assert.ok(looks.length >= 55 && looks.length <= 63, `${looks.length} looks`);
  assert.ok(looks.at(-1)! >= told, 'after the last push nobody looked');
});

test('trouble of another kind before it does not hide that the repository is away', async (t) => {
  assert.deepEqual(await follow(t, [noDatabase, away, away, noDatabase, undefined]), ['NSV_GIT_FAILED', 'well']);
});

test('what could not be told is told with the next look', async (t) => {
  const refuseTwice = (count: number) => {
    if (count <= 2) throw noDatabase;
  };
  assert.deepEqual(await follow(t, [away, away, away, away, undefined], refuseTwice), [
    'NSV_GIT_FAILED',
    'NSV_GIT_FAILED',
    'NSV_GIT_FAILED',
    'well',
  ]);
});

test('what the process before this one has told is over with the first good look', async (t) => {
  assert.deepEqual(await follow(t, [undefined, undefined]), ['well']);
});

test('while another replica looks nothing is looked at or told here, and soon it is tried again', async (t) => {
  const clock = new FakeClock();
  const steps: string[] = [];
  let elsewhere = true;
  const follower = new GitFollower({
    repository: {
      head: async () => {
        steps.push('looked');
        throw away;
      },
      read: () => assert.fail('there is nothing to read'),
    },
    store: { record: async () => 'known', found: async () => null, latest: async () => undefined },
    whileAlone: async (work) => {
      steps.push(elsewhere ? 'elsewhere' : 'here');
      return elsewhere ? undefined : work();
    },
    pollMs: POLL_MS,
    onTrouble: async () => void steps.push('told'),
    clock,
    random: () => 0.5,
    logger: silentLogger,
  });
  t.after(() => follower.close());

  follower.start();
  await clock.advance(0);
  elsewhere = false;
  await clock.advance(3_000);
  assert.deepEqual(steps, ['elsewhere', 'here', 'looked']);
  await clock.advance(300_000);

  assert.equal(steps.filter((step) => step === 'told').length, 1);
});

test('a repository that is away for a day is asked every few minutes, and followed within them when it is back', async (t) => {
  let looks = 0;
  let isBack = false;
  const read: number[] = [];
  const clock = new FakeClock();
  const follower = new GitFollower({
    repository: {
      head: async () => {
        looks++;
        if (!isBack) throw away;
        return { sha: 'b'.repeat(40), ref: 'refs/heads/main' };
      },
      read: async () => {
        read.push(clock.now());
        return {
          revision: 'bbbbbbbbbbbb',
          source: 'git',
          commit: null,
          files: {},
          config: undefined,
          refusal: undefined,
        };
      },
    },
    store: { record: async () => 'new', found: async () => 'bbbbbbbbbbbb', latest: async () => undefined },
    whileAlone: (work) => work(),
    pollMs: POLL_MS,
    onTrouble: async () => undefined,
    clock,
    random: () => 0.99,
    logger: silentLogger,
  });
  t.after(() => follower.close());
  follower.start();
  await clock.advance(86_400_000);
  const asked = looks;
  isBack = true;
  const backAt = clock.now();
  await clock.advance(300_000);

  assert.ok(asked > 250 && asked < 400, `${asked} looks in a day`);
  assert.equal(read.length, 1);
  assert.ok(read[0]! - backAt <= 300_000);
});
