import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULT_FLEET_POLICY,
  type FleetPolicy,
  type Judged,
  judgeBeat,
  judgeState,
  nextLook,
} from '../../../src/orchestrator/fleet/judge-state.ts';
import { heartbeat } from '../../support/orchestrator.ts';

const NOW = Date.parse('2026-01-15T10:00:00Z');
const LONG_AGO = NOW - 86_400_000;
const POLICY: FleetPolicy = { ...DEFAULT_FLEET_POLICY, silentAfterMsOf: new Map([['DEEPSEEK', 3_600_000]]) };
const secondsAgo = (seconds: number) => NOW - seconds * 1_000;
const known = (replace: Partial<Judged> = {}): Judged => ({
  agentId: 'GROK',
  status: 'healthy',
  receivedAt: NOW,
  seenAt: replace.receivedAt ?? NOW,
  oldestUnarchivedSeconds: 0,
  lostLately: 0,
  revokedAt: null,
  retiredAt: null,
  reinstatedAt: null,
  state: 'up',
  reason: 'as before',
  ...replace,
});

const CASES: readonly (readonly [string, Partial<Judged>, number?])[] = [
  ['up: beats arrive on time', {}],
  ['up: beats arrive on time', { receivedAt: secondsAgo(149) }], // one lost beat, and a late one
  ['late: no heartbeat for more than 2m 30s', { receivedAt: secondsAgo(150) }],
  ['late: no heartbeat for more than 2m 30s', { receivedAt: secondsAgo(299) }],
  ['late: no heartbeat for more than 2m 30s', { receivedAt: secondsAgo(200), status: 'degraded' }],
  ['down: no heartbeat for more than 5m', { receivedAt: secondsAgo(300) }],
  ['down: as before', { receivedAt: secondsAgo(200), state: 'down' }],
  ['up: beats arrive on time', { receivedAt: secondsAgo(10), state: 'down' }],

  ['degraded: it says it is degraded', { status: 'degraded' }],
  ['degraded: it says it is critical', { status: 'critical' }],
  ['down: stopped, by its own word', { status: 'stopped' }],
  ['down: stopped, by its own word', { status: 'stopped', receivedAt: secondsAgo(9_000) }],
  ['up: beats arrive on time', { oldestUnarchivedSeconds: 1_800 }],
  ['degraded: records have waited for the archive for more than 30m', { oldestUnarchivedSeconds: 1_801 }],
  ['degraded: its server has lost records since the beat before', { lostLately: 1 }],

  // Its server beats for it, and it says nothing itself.
  ['up: beats arrive on time', { seenAt: secondsAgo(600) }],
  ['late: no sign of life for more than 10m', { seenAt: secondsAgo(601) }],
  ['late: no sign of life for more than 10m', { seenAt: secondsAgo(90_000), state: 'late' }],
  ['up: beats arrive on time', { agentId: 'DEEPSEEK', seenAt: secondsAgo(3_600) }],
  ['late: no sign of life for more than 1h', { agentId: 'DEEPSEEK', seenAt: secondsAgo(3_601) }],
  ['up: beats arrive on time', { seenAt: null }],
  // What it didn't do since its latest beat, nobody knows yet.
  ['up: beats arrive on time', { receivedAt: secondsAgo(100), seenAt: secondsAgo(650) }],

  ["revoked: the server's key was revoked", { revokedAt: secondsAgo(5) }],
  ['retired: taken out of service', { retiredAt: secondsAgo(5), seenAt: secondsAgo(6) }],
  ['retired: taken out of service', { retiredAt: secondsAgo(5), seenAt: null }],
  ['retired: taken out of service', { retiredAt: secondsAgo(5), seenAt: secondsAgo(6), revokedAt: secondsAgo(5) }],
  ['retired: taken out of service', { retiredAt: secondsAgo(5), seenAt: secondsAgo(6), status: 'stopped' }],
  ['retired: taken out of service', { retiredAt: secondsAgo(60), seenAt: secondsAgo(50), state: 'retired' }],
  ['up: beats arrive on time', { retiredAt: secondsAgo(60), seenAt: secondsAgo(49), state: 'retired' }],
  ['retired: taken out of service', { agentId: null, retiredAt: secondsAgo(5), receivedAt: secondsAgo(5) }],
  ['up: beats arrive on time', { agentId: null, retiredAt: secondsAgo(60), receivedAt: secondsAgo(4) }],
  ['late: back in service, and not heard since', { reinstatedAt: secondsAgo(5), receivedAt: secondsAgo(9_000) }],
  ['late: back in service, and not heard since', { reinstatedAt: secondsAgo(299), receivedAt: secondsAgo(9_000) }],
  ['down: no heartbeat for more than 5m', { reinstatedAt: secondsAgo(300), receivedAt: secondsAgo(9_000) }],
  [
    'late: back in service, and not heard since',
    { reinstatedAt: secondsAgo(5), receivedAt: secondsAgo(9_000), status: 'stopped' },
  ],
  ['up: beats arrive on time', { reinstatedAt: secondsAgo(5), state: 'late' }],

  // Nobody could be heard for an hour, until a moment ago: what was known before holds.
  ['up: as before', { receivedAt: secondsAgo(3_600) }, secondsAgo(10)],
  ['degraded: as before', { receivedAt: secondsAgo(3_600), state: 'degraded' }, secondsAgo(10)],
  ['late: as before', { receivedAt: secondsAgo(3_600), state: 'late' }, secondsAgo(149)],
  ['down: as before', { receivedAt: secondsAgo(3_600), state: 'down' }, secondsAgo(10)],
  ['late: no heartbeat for more than 2m 30s', { receivedAt: secondsAgo(3_600) }, secondsAgo(150)],
  ['down: no heartbeat for more than 5m', { receivedAt: secondsAgo(3_600), state: 'late' }, secondsAgo(300)],
  ['up: beats arrive on time', { receivedAt: secondsAgo(5), state: 'down' }, secondsAgo(10)],
];

for (const [expected, replace, hearingSince = LONG_AGO] of CASES) {
  test(`${expected} (${JSON.stringify(replace)}${hearingSince === LONG_AGO ? '' : ', after a gap'})`, () => {
    const { state, reason } = judgeState(known(replace), POLICY, NOW, hearingSince);
    assert.equal(`${state}: ${reason}`, expected);
  });
}

test('a state holds from its deadline on, or from the beat that tells it, however late it is noticed', () => {
  const silent = known({ receivedAt: secondsAgo(297) });
  assert.equal(judgeState(silent, POLICY, NOW, LONG_AGO).at, secondsAgo(147));
  assert.equal(judgeState(silent, POLICY, NOW, secondsAgo(200)).at, secondsAgo(50));
  const back = known({ receivedAt: secondsAgo(30), state: 'down' });
  assert.equal(judgeState(back, POLICY, NOW, LONG_AGO).at, secondsAgo(30));
});

test('it is looked at again exactly when silence could change its state', () => {
  const at = (receivedAt: number, now: number, since: number, reinstatedAt: number | null = null) =>
    nextLook({ receivedAt, reinstatedAt }, POLICY, now, since);
  assert.equal(at(NOW, NOW, LONG_AGO), NOW + 150_000);
  assert.equal(at(secondsAgo(150), NOW, LONG_AGO), NOW + 150_000);
  assert.ok(at(secondsAgo(300), NOW, LONG_AGO) > NOW + 1_000_000);
  assert.equal(at(secondsAgo(3_600), NOW, NOW), NOW + 150_000);
  assert.equal(at(secondsAgo(3_600), NOW, LONG_AGO, NOW), NOW + 150_000);
});

test("a beat by itself is judged by its own clock's differences, never by its difference to ours", () => {
  for (const skewMs of [0, 86_400_000, -86_400_000]) {
    const beat = (seenSecondsAgo: number) =>
      heartbeat('AIGARDEN01', 'GROK', {
        timestamp: new Date(NOW + skewMs).toISOString(),
        last_seen_at: new Date(secondsAgo(seenSecondsAgo) + skewMs).toISOString(),
      });
    assert.equal(judgeBeat(beat(10), POLICY, NOW).state, 'up');
    assert.equal(judgeBeat(beat(700), POLICY, NOW).state, 'late');
  }
});
