import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QuietHours } from '../../../../src/config/index.ts';
import { quietUntil, wantsAlert } from '../../../../src/orchestrator/alerts/channels/channel-wants.ts';
import { notifiedAlert } from '../../../support/notification.ts';

const ALL = { agents: undefined, servers: undefined, kinds: undefined };
const EVERY_DAY = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const NIGHT: QuietHours = { fromMinutes: 22 * 60, toMinutes: 7 * 60, days: EVERY_DAY, except: 'critical' };

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

const CASES: readonly (readonly [now: string, until: string | undefined])[] = [
  ['2026-01-15T19:59:00Z', undefined], // 21:59 in Jerusalem
  ['2026-01-15T20:00:00Z', '2026-01-16T05:00:00Z'],
  ['2026-01-16T04:59:30Z', '2026-01-16T05:00:00Z'],
  ['2026-01-16T05:00:00Z', undefined],
  // Clocks go ahead on 27 March 2026 at 02:00 (+02:00), and back on 25 October 2026 at 02:00 (+03:00).
  ['2026-03-26T20:30:00Z', '2026-03-27T04:00:00Z'],
  ['2026-10-24T19:30:00Z', '2026-10-25T05:00:00Z'],
];

for (const [now, until] of CASES) {
  test(`at ${now} a channel with quiet nights in Jerusalem is ${until === undefined ? 'told' : `left alone until ${until}`}`, () => {
    const found = quietUntil({ quietHours: NIGHT, timeZone: 'Asia/Jerusalem' }, 'warning', Date.parse(now));

    assert.equal(found === undefined ? undefined : new Date(found).toISOString().replace('.000', ''), until);
  });
}

test('what is bad enough is told at night, unless nothing is', () => {
  const at = Date.parse('2026-01-15T23:00:00Z');

  assert.equal(quietUntil({ quietHours: NIGHT, timeZone: 'UTC' }, 'critical', at), undefined);
  assert.notEqual(
    quietUntil({ quietHours: { ...NIGHT, except: undefined }, timeZone: 'UTC' }, 'critical', at),
    undefined,
  );
  assert.equal(quietUntil({ quietHours: undefined, timeZone: 'UTC' }, 'info', at), undefined);
});

test('the days are those on which the hours begin', () => {
  const weekend: QuietHours = { ...NIGHT, days: ['friday'] };
  const quiet = (at: string) =>
    quietUntil({ quietHours: weekend, timeZone: 'UTC' }, 'info', Date.parse(at)) !== undefined;

  assert.equal(quiet('2026-01-16T23:00:00Z'), true); // Friday night
  assert.equal(quiet('2026-01-17T06:00:00Z'), true); // its morning after
  assert.equal(quiet('2026-01-17T23:00:00Z'), false);
  assert.equal(quiet('2026-01-16T06:00:00Z'), false); // Thursday's night
});

test('hours within one day end on that day', () => {
  const noon: QuietHours = { ...NIGHT, fromMinutes: 12 * 60, toMinutes: 13 * 60 };
  const until = quietUntil({ quietHours: noon, timeZone: 'UTC' }, 'info', Date.parse('2026-01-15T12:30:00Z'));

  assert.equal(until, Date.parse('2026-01-15T13:00:00Z'));
  assert.equal(
    quietUntil({ quietHours: noon, timeZone: 'UTC' }, 'info', Date.parse('2026-01-15T06:00:00Z')),
    undefined,
  );
});
