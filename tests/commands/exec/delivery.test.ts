import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentDoor } from '../../../src/commands/exec/agent-door.ts';
import { Delivery, type DeliveryOptions } from '../../../src/commands/exec/delivery.ts';
import type { AgentId } from '../../../src/contract/ids.ts';
import type { Level } from '../../../src/contract/record.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { type HttpConnections, openConnections } from '../../../src/platform/http-request.ts';
import { AgentStandIn } from '../agent-stand-in.ts';

const record = (message: string, level: Level) => ({
  json: JSON.stringify({ agent_id: 'GROK', level, action: 'output', message, context: {} }),
  level,
});

function deliverTo(agent: AgentStandIn, connections: HttpConnections, options: Partial<DeliveryOptions>): Delivery {
  const locate = () => ({ url: `http://127.0.0.1:${agent.port}` });
  return new Delivery({
    door: new AgentDoor({ locate, connections, clock: systemClock }),
    agentId: 'GROK' as AgentId,
    clock: systemClock,
    random: () => 0,
    tell: () => undefined,
    ...options,
  }).start();
}

test('when memory is full for long the least valuable lines go, counted, told at once and to the archive when the agent is back', async () => {
  await using agent = await new AgentStandIn().listen();
  await using connections = openConnections();
  const told: string[] = [];
  const delivery = deliverTo(agent, connections, {
    tell: (text) => told.push(text),
    queueBytesMax: 100_000,
    holdBackMsMax: 50,
  });
  agent.mood = 'busy';

  for (let index = 0; index < 4_000; index++) {
    delivery.add(record(`${index}`, index % 100 === 0 ? 'ERROR' : index % 2 === 0 ? 'INFO' : 'DEBUG'));
    if (delivery.full) await delivery.room();
  }
  agent.mood = 'take';
  const summary = await delivery.close({ status: 'stopped' }, 5_000);

  const arrived = agent.records.filter((one) => one.action === 'output');
  const notices = agent.records.filter((one) => one.action === 'nervesys.dropped');
  const lost = notices.reduce(
    (sum, notice) => sum + Object.values(notice.context['lost'] as Record<string, number>).reduce((a, b) => a + b, 0),
    0,
  );
  assert.ok(summary.dropped > 1_000);
  assert.equal(lost, summary.dropped);
  assert.equal(arrived.length + summary.dropped, 4_000);
  assert.equal(summary.delivered, arrived.length);
  assert.equal(arrived.filter((one) => one.level === 'ERROR').length, 40);
  const numbers = arrived.map((one) => Number(one.message));
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  assert.equal(told.filter((text) => text.includes('memory for them is full')).length, 1);
});

test('what is too large for the agent goes in smaller requests, in order; a line too large by itself is told', async () => {
  await using agent = await new AgentStandIn().listen();
  await using connections = openConnections();
  const told: string[] = [];
  const delivery = deliverTo(agent, connections, { tell: (text) => told.push(text) });
  agent.bodyBytesMax = 1_000;

  for (let index = 0; index < 50; index++) delivery.add(record(`${index}`, 'INFO'));
  delivery.add(record('x'.repeat(2_000), 'INFO'));
  const summary = await delivery.close({ status: 'stopped' }, 20_000);

  assert.deepEqual(
    agent.messages().map(Number),
    Array.from({ length: 50 }, (_, n) => n),
  );
  assert.deepEqual([summary.delivered, summary.dropped, summary.undelivered], [50, 1, 0]);
  assert.equal(told.filter((text) => text.includes('refused 1 lines')).length, 1);
});

test('output is held back only for a moment, and a slow agent that takes something gives room', async () => {
  await using agent = await new AgentStandIn().listen();
  await using connections = openConnections();
  const delivery = deliverTo(agent, connections, { queueBytesMax: 20_000 });

  for (let index = 0; index < 5_000; index++) {
    delivery.add(record(`${index}`, 'INFO'));
    if (delivery.full) await delivery.room();
  }
  const summary = await delivery.close({ status: 'stopped' }, 5_000);

  assert.deepEqual([summary.delivered, summary.dropped, summary.undelivered], [5_000, 0, 0]);
});
