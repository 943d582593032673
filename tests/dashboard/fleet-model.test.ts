import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentKey, applyEvents, EMPTY_FLEET, loadFleet, readEvent } from '../../src/dashboard/model/fleet-model.ts';
import { summarize } from '../../src/dashboard/model/summary.ts';
import { makeAgent, makeAlert, makeConfig, makeServer } from './fixture-server.ts';

const AT = Date.parse('2025-12-10T19:45:00.000Z');
const at = (seconds: number) => new Date(AT + seconds * 1000).toISOString();
const grok = makeAgent({ agent_id: 'GROK', received_at: at(0) }, AT);
const loaded = loadFleet(EMPTY_FLEET, { now: at(0), servers: [makeServer('AIGARDEN01', {}, AT)], agents: [grok] }, []);

test('the same name on two servers is two agents', () => {
  const there = makeAgent({ agent_id: 'GROK', server: 'AIGARDEN02' }, AT);

  const model = applyEvents(loaded, [{ type: 'fleet', agent: there }]);

  assert.equal(model.agents.size, 2);
  assert.notEqual(agentKey(grok), agentKey(there));
});

test('a beat replaces what was known, and a beat from before it changes nothing', () => {
  const newer = { ...grok, received_at: at(60), last_action: 'deploy' };
  const older = { ...grok, received_at: at(-60), last_action: 'old news' };

  const model = applyEvents(loaded, [
    { type: 'fleet', agent: newer },
    { type: 'fleet', agent: older },
  ]);

  assert.equal(model.agents.get(agentKey(grok))?.last_action, 'deploy');
  assert.equal(loaded.agents.get(agentKey(grok))?.last_action, 'code_review', 'the model before is as it was');
});

test('beats are shown on when the clock of the orchestrator was set back by a day', () => {
  const beat = { ...grok, received_at: at(-86_400), last_action: 'deploy' };

  const model = applyEvents(loaded, [{ type: 'fleet', agent: beat }]);

  assert.equal(model.agents.get(agentKey(grok))?.last_action, 'deploy');
});

test('a changed judgement without a new beat is shown', () => {
  const late = { ...grok, state: 'late' as const };

  const model = applyEvents(loaded, [{ type: 'fleet', agent: late }]);

  assert.equal(model.agents.get(agentKey(grok))?.state, 'late');
});

test('a fleet fetched again keeps the identity of agents that did not change, and drops those that are gone', () => {
  const copilot = makeAgent({ agent_id: 'COPILOT' }, AT);
  const both = applyEvents(loaded, [{ type: 'fleet', agent: copilot }]);

  const again = loadFleet(both, { now: at(9), servers: [], agents: [structuredClone(grok)] }, []);

  assert.equal(again.agents.get(agentKey(grok)), grok);
  assert.equal(again.agents.has(agentKey(copilot)), false);
});

test('alerts are newest first, and one told again is not a second one', () => {
  const first = makeAlert({ id: '1', last_at: at(0) });
  const second = makeAlert({ id: '2', last_at: at(10) });

  const model = applyEvents(loaded, [
    { type: 'alert', alert: first },
    { type: 'alert', alert: second },
    { type: 'alert', alert: { ...first, count: 2, last_at: at(20) } },
  ]);

  assert.deepEqual(
    model.alerts.map(({ id, count }) => [id, count]),
    [
      ['1', 2],
      ['2', 1],
    ],
  );
});

test('what no event tells of keeps its identity, and a config event tells of nothing but the configuration', () => {
  const beaten = applyEvents(loaded, [{ type: 'fleet', agent: { ...grok, received_at: at(60) } }]);
  const told = readEvent('config', JSON.stringify(makeConfig('abc123def456')));
  assert.ok(told !== undefined);

  const configured = applyEvents(beaten, [told]);

  assert.deepEqual([beaten.servers === loaded.servers, beaten.alerts === loaded.alerts], [true, true]);
  assert.deepEqual([configured.agents === beaten.agents, configured.config?.desired], [true, 'abc123def456']);
});

test('an event that is unknown or unreadable is passed over', () => {
  assert.equal(readEvent('weather', '{}'), undefined);
  assert.equal(readEvent('fleet', '{"agent_id":'), undefined);
  assert.equal(readEvent('fleet', 'null'), undefined);
  assert.equal(readEvent('fleet', JSON.stringify(grok))?.type, 'fleet');
});

test('the summary counts agents by state, servers, open alerts, and the waiting records once a server', () => {
  const model = applyEvents(loaded, [
    {
      type: 'fleet',
      agent: makeAgent({ agent_id: 'GIMAI', state: 'down', backlog_records: 7, received_at: at(5) }, AT),
    },
    { type: 'fleet', agent: makeAgent({ agent_id: 'nervesys', server: 'AIGARDEN02', backlog_records: 5 }, AT) },
    { type: 'alert', alert: makeAlert({ id: '1' }) },
    { type: 'alert', alert: makeAlert({ id: '2', state: 'resolved' }) },
  ]);

  const summary = summarize(model);

  assert.deepEqual(
    [
      summary.agents,
      summary.heardAgents,
      summary.byState.up,
      summary.byState.down,
      summary.servers,
      summary.openAlerts,
      summary.waitingRecords,
    ],
    [3, 2, 2, 1, 1, 1, 12],
  );
});
