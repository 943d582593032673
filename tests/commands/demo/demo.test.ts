import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TemplateMiner } from '../../../src/agent/edge-ai/miner/index.ts';
import { Scorer } from '../../../src/agent/edge-ai/scorer/scorer.ts';
import { startDemo } from '../../../src/commands/demo/demo.ts';
import { PERSONAS } from '../../../src/commands/demo/personas.ts';
import { SeededRandom } from '../../../src/commands/demo/seeded-random.ts';
import { StoryTeller } from '../../../src/commands/demo/story.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { AgentStandIn } from '../agent-stand-in.ts';
import { eventually } from '../run-nervesys.ts';

/** The first steps of a persona, as one list. */
function tell(agentId: string, seed: number, stepsMax: number) {
  const persona = PERSONAS.find((one) => one.agentId === agentId)!;
  const story = new StoryTeller(persona, new SeededRandom(seed));
  const steps = [];
  while (steps.length < stepsMax) steps.push(...persona.work(story));
  return steps;
}

test('all five are alive within two seconds, through the public doors, and say so when they stop', async () => {
  await using agent = await new AgentStandIn().listen();
  const agentUrl = `http://127.0.0.1:${agent.port}`;

  const demo = startDemo({ agentUrl, clock: systemClock, logger: silentLogger });
  const names = () => new Set(agent.records.map((record) => record.agent_id));
  await eventually(() => names().size === 5, 'a line of each', 2_000);
  await demo.close();

  assert.deepEqual([...names()].sort(), ['CHATGPT', 'COPILOT', 'DEEPSEEK', 'GIMAI', 'GROK']);
  assert.equal(agent.statuses.filter((one) => one['status'] === 'healthy').length, 5);
  assert.equal(agent.statuses.filter((one) => one['status'] === 'stopped').length, 5);
});

test('the same seed tells the same story, another seed another one', () => {
  assert.deepEqual(tell('GROK', 1, 200), tell('GROK', 1, 200));
  assert.notDeepEqual(tell('GROK', 1, 200), tell('GROK', 2, 200));
});

test('of all that goes wrong only what is critical would have people told by the triage', () => {
  const miner = new TemplateMiner();
  const scorer = new Scorer();
  const told = new Set<string>();
  for (const { agentId } of PERSONAS)
    for (const { line } of tell(agentId, 3, 5_000)) {
      if (line === undefined) continue;
      const { message, level } = line;
      const template = miner.place(message, 0).text;
      if (scorer.score({ message, template, level }).isAlert) told.add(level);
    }

  assert.deepEqual([...told], ['CRITICAL']);
});

test('each works at about one to three lines a second, with errors now and then but not mostly', () => {
  for (const { agentId } of PERSONAS) {
    const steps = tell(agentId, 42, 5_000);
    const lines = steps.filter((step) => step.line !== undefined);
    // Silence and waiting for a rate limit are not work.
    const workMs = steps.filter((step) => step.afterMs < 4_000).reduce((sum, step) => sum + step.afterMs, 0);
    const rate = lines.length / (workMs / 1000);
    const errors = lines.filter((step) => step.line!.level === 'ERROR' || step.line!.level === 'CRITICAL').length;

    assert.ok(rate > 0.8 && rate < 3.5, `${agentId}: ${rate.toFixed(2)} lines a second`);
    assert.ok(errors / lines.length < 0.05, `${agentId}: ${errors} errors`);
  }
});

test('GIMAI falls silent for minutes, says that it is degraded before, and comes back healthy', () => {
  const steps = tell('GIMAI', 42, 10);
  const silence = steps.findIndex((step) => step.afterMs > 120_000);

  assert.equal(steps[silence - 1]?.status?.status, 'degraded');
  assert.match(steps[silence]?.line?.message ?? '', /^back after/);
  assert.equal(steps[silence + 1]?.status?.status, 'healthy');
});
