import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CorrectionsSync } from '../../../src/agent/edge-ai/corrections-sync.ts';
import type { CorrectionsAnswer } from '../../../src/contract/triage.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Opened {
  readonly clock: FakeClock;
  readonly asked: (string | undefined)[];
  /** As an answer of the orchestrator tells it. */
  hear(tag: string): void;
  answer: () => Promise<CorrectionsAnswer | undefined>;
  tag: () => string | undefined;
}

function open(t: TestContext): Opened {
  const clock = new FakeClock();
  let listener: ((tag: string) => void) | undefined;
  let holds: string | undefined;
  const asked: (string | undefined)[] = [];
  const opened: Opened = {
    clock,
    asked,
    hear: (tag) => listener?.(tag),
    answer: () => Promise.resolve(undefined),
    tag: () => holds,
  };
  const sync = new CorrectionsSync({
    client: {
      fetchCorrections: (has) => {
        asked.push(has);
        return opened.answer();
      },
      onCorrectionsTag: (given) => {
        listener = given;
      },
    },
    place: {
      get correctionsTag() {
        return holds;
      },
      useCorrections: async ({ tag }) => {
        holds = tag;
      },
    },
    clock,
    random: () => 0.5,
    logger: silentLogger,
  }).start();
  t.after(() => sync.close());
  return opened;
}

const answerOf = (tag: string) => () => Promise.resolve({ tag, corrections: [] });

test('corrections are fetched within seconds once another tag is told, and not for one that holds', async (t) => {
  const opened = open(t);
  opened.answer = answerOf('a');

  opened.hear('a');
  await opened.clock.advance(3_000);
  for (let n = 0; n < 5; n++) opened.hear('a');
  await opened.clock.advance(600_000);
  opened.answer = answerOf('b');
  opened.hear('b');
  await opened.clock.advance(3_000);

  assert.deepEqual(opened.asked, [undefined, 'a']);
  assert.equal(opened.tag(), 'b');
});

test('an orchestrator that is away is asked again until it answers, with less and less haste', async (t) => {
  const opened = open(t);
  opened.answer = () => Promise.reject(new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'away', { retryable: true }));

  opened.hear('a');
  await opened.clock.advance(600_000);
  const asked = opened.asked.length;
  opened.answer = answerOf('a');
  await opened.clock.advance(60_000);

  assert.ok(asked > 10 && asked < 60, `${asked} times`);
  assert.equal(opened.tag(), 'a');
});

test('a replica that does not know of what is told is asked again soon, and the next tag goes on from there', async (t) => {
  const opened = open(t);
  opened.answer = answerOf('old');

  opened.hear('new');
  await opened.clock.advance(4_000);
  const first = opened.tag();
  opened.answer = answerOf('new');
  await opened.clock.advance(8_000);

  assert.equal(first, 'old');
  assert.equal(opened.tag(), 'new');
  assert.equal(opened.asked.length, 2);
});
