import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../../src/agent/edge-ai/explanation.ts';
import { openJudges } from '../../../src/agent/edge-ai/open-judges.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { NOON, record, triageConfig } from './triaged.ts';

const clock = new FakeClock(NOON);
const FATAL = { message: 'out of memory: killed process 4242', level: 'ERROR' };

async function judges() {
  const config = await triageConfig();
  const opened = await openJudges({ config, state: { read: async () => undefined }, clock, logger: silentLogger });
  return { config, opened };
}

test('a line is explained as it would be judged, and nothing is learnt from it', async () => {
  const { config, opened } = await judges();
  opened.engine.judge([record(FATAL), record({ message: 'step 1 of 7' })], NOON);

  const known = explain(opened, config, record(FATAL), clock);
  const unknown = explain(opened, config, record({ message: 'nobody has said this before' }), clock);
  const judged = opened.engine.judge([record(FATAL)], NOON).hits[0]?.verdict;

  const { template_text: text, lines, tier, severity, reason, enabled, mark } = known;
  assert.deepEqual(
    { text, lines, tier, severity, enabled, mark },
    {
      text: 'out of memory: killed process <*>',
      lines: 1,
      tier: 'scorer',
      severity: 'critical',
      enabled: true,
      mark: null,
    },
  );
  assert.equal(reason, judged?.reason);
  assert.equal(known.template, judged?.template);
  assert.deepEqual([unknown.lines, unknown.tier], [0, null]);
  assert.equal(opened.miner.size, 2);
});

test('what people and the model said of a line is part of its explanation', async () => {
  const { config, opened } = await judges();
  const { miner, engine, corrections } = opened;
  engine.judge([record({ message: 'step 1 of 7' }), record(FATAL)], NOON);
  engine.noteWord(miner.place('step 2 of 7', NOON), { verdict: 'critical', reason: 'as it says', name: 'm' });

  const raised = explain(opened, config, record({ message: 'step 3 of 7' }), clock);
  const { id: template, text } = miner.place(FATAL.message, NOON);
  corrections.use({ tag: 'a', corrections: [{ template, text, mark: 'ordinary' }] });
  const marked = explain(opened, config, record(FATAL), clock);

  assert.deepEqual([raised.tier, raised.reason], ['model', 'as it says']);
  assert.deepEqual([marked.mark, marked.tier], ['ordinary', null]);
});
