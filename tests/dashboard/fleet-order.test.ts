import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrangeFleet, type FleetOrder, nextOrder } from '../../src/dashboard/model/fleet-order.ts';
import { makeAgent } from './fixture-server.ts';

const vitals = (cpu: number) => ({ cpu_percent: cpu, ram_percent: 1, disk_percent: 1, buffer_size_mb: 0 });
const agents = [
  makeAgent({ agent_id: 'GROK', server: 'AIGARDEN10', metrics: vitals(5) }),
  makeAgent({ agent_id: 'GROK', server: 'AIGARDEN2', metrics: vitals(50) }),
  makeAgent({ agent_id: 'COPILOT', server: 'AIGARDEN2', state: 'retired', metrics: vitals(1) }),
  makeAgent({ agent_id: 'GIMAI', server: 'AIGARDEN1', state: 'down', last_action: 'fetch_page', metrics: vitals(9) }),
];
const everything = { text: '', state: undefined };
const names = (order: FleetOrder, filter: Parameters<typeof arrangeFleet>[1] = everything) =>
  arrangeFleet(agents, filter, order).map(({ agent_id, server }) => `${agent_id}@${server.slice(8)}`);

test('by state, what needs eyes comes first and what was put away last; ties by name, numbers as numbers', () => {
  assert.deepEqual(names({ by: 'state', descending: false }), ['GIMAI@1', 'GROK@2', 'GROK@10']);
  assert.deepEqual(names({ by: 'state', descending: false }, { text: 'o', state: undefined }).at(-1), 'COPILOT@2');
});

test('what is out of service is shown to who seeks it, by its state or by a word', () => {
  const order: FleetOrder = { by: 'state', descending: false };

  assert.deepEqual(names(order, { text: '', state: 'retired' }), ['COPILOT@2']);
  assert.deepEqual(names(order, { text: 'copilot', state: undefined }), ['COPILOT@2']);
});

test('by server and by a figure, in both directions', () => {
  assert.deepEqual(names({ by: 'server', descending: false }), ['GIMAI@1', 'GROK@2', 'GROK@10']);
  assert.deepEqual(names({ by: 'cpu', descending: true }), ['GROK@2', 'GIMAI@1', 'GROK@10']);
});

test('the filter wants every word, in any field and any case', () => {
  const order: FleetOrder = { by: 'state', descending: false };

  assert.deepEqual(names(order, { text: 'grok aigarden2', state: undefined }), ['GROK@2']);
  assert.deepEqual(names(order, { text: '  FETCH ', state: undefined }), ['GIMAI@1']);
  assert.deepEqual(names(order, { text: '', state: 'up' }), ['GROK@2', 'GROK@10']);
  assert.deepEqual(names(order, { text: 'nobody', state: undefined }), []);
});

test('a column clicked again turns its order round; figures begin with the greatest', () => {
  const byCpu = nextOrder({ by: 'state', descending: false }, 'cpu');

  assert.deepEqual(byCpu, { by: 'cpu', descending: true });
  assert.deepEqual(nextOrder(byCpu, 'cpu'), { by: 'cpu', descending: false });
  assert.deepEqual(nextOrder(byCpu, 'agent'), { by: 'agent', descending: false });
});
