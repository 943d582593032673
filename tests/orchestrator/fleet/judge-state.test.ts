import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_FLEET_POLICY, type Judged, judgeState } from '../../../src/orchestrator/fleet/judge-state.ts';
import { nextLook } from '../../../src/orchestrator/fleet/state-watch.ts';

const NOW = Date.parse('2026-01-15T10:00:00Z');
const LONG_AGO = NOW - 86_400_000;
const secondsAgo = (seconds: number) => NOW - seconds * 1_000;
const agent = (replace: Partial<Judged> = {}): Judged => ({
  status: 'healthy',
  receivedAt: NOW,
  oldestUnarchivedSeconds: 0,
  revoked: false,
  state: 'up',
  ...replace,
});

test('states by what is known of an agent', () => {
  for (const [expected, known, listeningSince = LONG_AGO] of [
    ['up', {}],
    ['up', { receivedAt: secondsAgo(149) }], // one lost beat, and a late one
    ['late', { receivedAt: secondsAgo(150) }],
    ['late', { receivedAt: secondsAgo(299) }],
    ['down', { receivedAt: secondsAgo(300) }],
    ['down', { receivedAt: secondsAgo(200), state: 'down' }],
    ['up', { receivedAt: secondsAgo(10), state: 'down' }],
    ['degraded', { status: 'degraded' }],
    ['degraded', { status: 'critical' }],
    ['down', { status: 'stopped' }],
    ['up', { oldestUnarchivedSeconds: 1_800 }],
    ['degraded', { oldestUnarchivedSeconds: 1_801 }],
    ['late', { receivedAt: secondsAgo(200), status: 'degraded' }],
    ['revoked', { revoked: true }],
    // The orchestrator has just started: it couldn't hear anybody for an hour.
    ['up', { receivedAt: secondsAgo(3_600) }, secondsAgo(10)],
    ['down', { receivedAt: secondsAgo(3_600), state: 'down' }, secondsAgo(10)],
    ['late', { receivedAt: secondsAgo(3_600) }, secondsAgo(150)],
    ['up', { receivedAt: secondsAgo(5), state: 'down' }, secondsAgo(10)],
    // The wall clock was set back: a beat from the future is not silence.
    ['up', { receivedAt: secondsAgo(-3_600) }],
  ] as [string, Partial<Judged>, number?][]) {
    const { state, reason } = judgeState(agent(known), DEFAULT_FLEET_POLICY, NOW, listeningSince);
    assert.equal(state, expected, `${JSON.stringify(known)} since ${NOW - listeningSince}: ${reason}`);
    assert.ok(reason.length > 5);
  }
});

test('an agent is looked at again exactly when silence could change its state', () => {
  const policy = DEFAULT_FLEET_POLICY;
  assert.equal(nextLook(NOW, policy, NOW, LONG_AGO).getTime(), NOW + 150_000);
  assert.equal(nextLook(secondsAgo(150), policy, NOW, LONG_AGO).getTime(), NOW + 150_000);
  assert.ok(nextLook(secondsAgo(300), policy, NOW, LONG_AGO).getTime() > NOW + 1_000_000);
  assert.equal(nextLook(secondsAgo(3_600), policy, NOW, NOW).getTime(), NOW + 150_000);
});
