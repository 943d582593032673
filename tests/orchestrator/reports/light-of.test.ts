import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficLight } from '../../../src/contract/report-facts.ts';
import { howMuchIsKnown } from '../../../src/orchestrator/reports/how-much-is-known.ts';
import { lightOf } from '../../../src/orchestrator/reports/light-of.ts';
import { sampleCritical, sampleDay } from '../../support/report-samples.ts';

const [agent] = sampleDay('quiet').agents;
const lightOfAgents = (...lights: TrafficLight[]) =>
  lightOf({ ...sampleDay('quiet'), agents: lights.map((light) => ({ ...agent!, light })) });

test('a period has the light of its worst AI agent', () => {
  assert.equal(lightOfAgents('green', 'red', 'yellow', 'grey'), 'red');
  assert.equal(lightOfAgents('green', 'yellow', 'grey', 'grey'), 'yellow');
  assert.equal(lightOfAgents('green', 'green'), 'green');
  assert.equal(lightOf(sampleCritical()), null);
});

test('where too little is known of most AI agents, the others do not make it green', () => {
  assert.equal(lightOfAgents('green', 'grey', 'grey'), 'grey');
  assert.equal(lightOfAgents('green', 'green', 'grey'), 'green');
  assert.equal(lightOfAgents(), 'grey');
});

test('a period of which nobody knew anything for a while knows less, details aside', () => {
  const day = sampleDay('quiet');
  const [from, to] = [day.period.starts_at, new Date(Date.parse(day.period.starts_at) + 3_600_000).toISOString()];
  const known = (...gaps: typeof day.gaps) => howMuchIsKnown({ ...day, gaps });

  assert.equal(known(), day.period.seconds);
  assert.equal(known({ kind: 'nobody_heard', from, to }, { kind: 'coarse_history' }), day.period.seconds - 3_600);
  assert.equal(howMuchIsKnown({ ...sampleCritical(), total: 7 }), 7);
});
