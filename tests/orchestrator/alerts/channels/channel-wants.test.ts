import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantsAlert } from '../../../../src/orchestrator/alerts/channels/channel-wants.ts';
import { notifiedAlert } from '../../../support/notification.ts';

const ALL = { agents: undefined, servers: undefined, kinds: undefined };

test('a channel is told of its severity and worse, and of what all its patterns take in', () => {
  const alert = notifiedAlert({ severity: 'warning' });

  assert.equal(wantsAlert({ severity: 'warning', only: ALL }, alert), true);
  assert.equal(wantsAlert({ severity: 'critical', only: ALL }, alert), false);
  assert.equal(
    wantsAlert({ severity: 'info', only: { ...ALL, agents: ['GR*'], servers: ['AIGARDEN0?'] } }, alert),
    true,
  );
  assert.equal(wantsAlert({ severity: 'info', only: { ...ALL, agents: ['GR*'], servers: ['OTHER'] } }, alert), false);
  assert.equal(wantsAlert({ severity: 'info', only: { ...ALL, kinds: ['threshold.*', 'agent.silent'] } }, alert), true);
  assert.equal(wantsAlert({ severity: 'info', only: { ...ALL, agents: ['*'] } }, { ...alert, agent_id: null }), false);
});
