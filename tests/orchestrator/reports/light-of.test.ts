import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficLight } from '../../../src/contract/report-facts.ts';
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
