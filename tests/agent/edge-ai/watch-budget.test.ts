import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatchBudget } from '../../../src/agent/edge-ai/watch-budget.ts';

function taken(budget: WatchBudget, agentId: string, count: number, now: number): number {
  let sum = 0;
  for (let n = 0; n < count; n++) if (budget.takes(agentId, now)) sum++;
  return sum;
}

test('the flood of one AI agent leaves most of a second to the others, and the next second is whole again', () => {
  const budget = new WatchBudget();

  assert.equal(taken(budget, 'GROK', 50_000, 1_000), 1_000);
  assert.equal(taken(budget, 'GIMAI', 500, 1_999), 500);
  assert.equal(taken(budget, 'GROK', 50_000, 2_000), 1_000);
});

test('many together read no more than a second has room for, also after the clock was set back', () => {
  const budget = new WatchBudget();
  const all = (now: number) =>
    Array.from({ length: 100 }, (_, n) => taken(budget, `A${n}`, 500, now)).reduce((sum, one) => sum + one, 0);

  assert.equal(all(10_000), 5_000);
  assert.equal(all(5_000), 5_000);
});
