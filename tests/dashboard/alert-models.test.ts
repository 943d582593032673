import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAlertFacts } from '../../src/dashboard/model/alert-facts.ts';
import { linesOfAlert } from '../../src/dashboard/model/alert-lines.ts';
import { appendPage, applyAlerts, FIRST_QUERY, isWanted } from '../../src/dashboard/model/alert-pages.ts';
import { timelineOf } from '../../src/dashboard/model/alert-timeline.ts';
import { isolate, readable } from '../../src/dashboard/model/readable.ts';
import { planSilence } from '../../src/dashboard/model/silence-wish.ts';
import { readView } from '../../src/dashboard/model/view.ts';
import { makeRecord } from './fixture-alerts.ts';
import { makeAlert } from './fixture-server.ts';

const AT = Date.parse('2025-12-10T19:45:00.000Z');
const at = (seconds: number) => new Date(AT + seconds * 1000).toISOString();
const ids = ({ alerts }: { readonly alerts: readonly { readonly id: string }[] }) =>
  alerts.map(({ id }) => id).join(' ');

test('an address that messages link to is read, and a strange one leads to the list or the fleet', () => {
  assert.deepEqual(readView('#alerts/42'), { type: 'alert', id: '42' });
  assert.deepEqual(readView('#alerts'), { type: 'alerts' });
  for (const strange of ['#alerts/', '#alerts/x', '#alerts/4%2F2', '#alerts/1234567890123456'])
    assert.deepEqual(readView(strange), { type: 'alerts' }, strange);
  for (const other of ['', '#', '#alertsx', '#configuration/1'])
    assert.deepEqual(readView(other), { type: 'fleet' }, other);
});

test('an alert is wanted by its state, at least its severity, and a part of its server, AI agent or title', () => {
  const alert = makeAlert({ id: '1', severity: 'warning', server: 'RACK-7', agent_id: 'GROK', title: 'Disk is full' });

  for (const [change, wanted] of [
    [{}, true],
    [{ state: 'open' }, true],
    [{ state: 'resolved' }, false],
    [{ severity: 'warning' }, true],
    [{ severity: 'critical' }, false],
    [{ text: ' rack-7 ' }, true],
    [{ text: 'grok' }, true],
    [{ text: 'disk' }, true],
    [{ text: '.*' }, false],
  ] as const)
    assert.equal(isWanted(alert, { ...FIRST_QUERY, ...change }), wanted, JSON.stringify(change));
  const resolved = { ...alert, state: 'resolved' as const };
  assert.equal(isWanted(resolved, FIRST_QUERY), false);
  assert.equal(isWanted(resolved, { ...FIRST_QUERY, state: 'all' }), true);
});

test('an event puts an alert where it belongs, takes it out once it is not wanted, and leaves later pages alone', () => {
  const three = makeAlert({ id: '3', last_at: at(30) });
  const two = makeAlert({ id: '2', last_at: at(20) });
  const pages = { alerts: [three, two], more: true };

  assert.equal(ids(applyAlerts(pages, [{ ...two, last_at: at(40) }], FIRST_QUERY)), '2 3');
  assert.equal(ids(applyAlerts(pages, [{ ...three, state: 'resolved' }], FIRST_QUERY)), '2');
  assert.equal(ids(applyAlerts(pages, [makeAlert({ id: '9', last_at: at(25) })], FIRST_QUERY)), '3 9 2');
  const old = makeAlert({ id: '1', last_at: at(10), state: 'acknowledged' });
  assert.equal(ids(applyAlerts(pages, [old], FIRST_QUERY)), '3 2', 'it comes with its page');
  assert.equal(ids(applyAlerts({ ...pages, more: false }, [old], FIRST_QUERY)), '3 2 1');
  const overtaken = { ...three, state: 'resolved' as const, last_at: at(29) };
  assert.equal(ids(applyAlerts(pages, [overtaken], FIRST_QUERY)), '3 2');
});

test('a page that follows brings nothing twice, and of one instant the alert stored last is first', () => {
  const first = {
    alerts: [makeAlert({ id: '10', last_at: at(5) }), makeAlert({ id: '9', last_at: at(5) })],
    more: true,
  };

  const both = appendPage(
    first,
    [makeAlert({ id: '9', last_at: at(5) }), makeAlert({ id: '8', last_at: at(5) })],
    false,
  );

  assert.equal(ids(both), '10 9 8');
  assert.equal(both.more, false);
});

test('the lines before an alert end with the one that it was told of, once', () => {
  const own = { level: 'CRITICAL', message: 'refund', action: 'pay', timestamp: at(0), rule: 'refunds' };
  const before = [
    makeRecord(2_000, {}, AT),
    'no record',
    null,
    { message: 7 },
    makeRecord(1_000, { level: 'WARN' }, AT),
  ];

  const lines = linesOfAlert({ ...own, lines_before: before });

  assert.deepEqual(
    lines.map(({ level, message, isTold }) => [level, message, isTold ?? false]),
    [
      ['INFO', 'line of 2000 ms ago', false],
      ['WARN', 'line of 1000 ms ago', false],
      ['CRITICAL', 'refund', true],
    ],
  );
  const there = linesOfAlert({ ...own, lines_before: [...before, { ...makeRecord(0, {}, AT), ...own }] });
  assert.equal(there.length, 3);
  assert.deepEqual(linesOfAlert({ code: 'NSV_ARCHIVE_DENIED', message: 'the archive refuses' }), [], 'that is no line');
  assert.deepEqual(linesOfAlert({ lines_before: 'x' }), []);
  const many = Array.from({ length: 500 }, (_, index) => makeRecord(500 - index, {}, AT));
  assert.equal(linesOfAlert({ lines_before: many }).at(-1)?.message, 'line of 1 ms ago');
  assert.equal(linesOfAlert({ lines_before: many }).length, 100);
});

test('a detail is told by known fields first, then the rest under its own name, bounded', () => {
  const detail = {
    zebra: { a: 1, b: null },
    revision: 'abc123def456',
    verdict: { category: 'policy', score: 0.9 },
    rule: 'refunds',
    hint: null,
    deep: { x: [1, { y: 2 }] },
    list: ['a', 'b'],
    level: 'ERROR',
    message: 'a line',
    action: 'pay',
    lines_before: [],
  };

  const { known, others, more } = readAlertFacts(detail);

  assert.deepEqual(
    known.map(({ name, text }) => [name, text]),
    [
      ['rule', 'refunds'],
      ['verdict', 'category: policy · score: 0.9'],
      ['revision', 'abc123def456'],
    ],
  );
  assert.deepEqual(
    others.map(({ name, text }) => [name, text]),
    [
      ['zebra', 'a: 1 · b: null'],
      ['deep', '{"x":[1,{"y":2}]}'],
      ['list', 'a, b'],
    ],
  );
  assert.equal(more, 0);
  assert.equal(readAlertFacts({ code: 'X', message: 'no line' }).known.length, 2);
  const many = readAlertFacts(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, 'x'.repeat(9_999)])));
  assert.deepEqual([many.others.length, many.more, many.others[0]?.text.length], [40, 20, 2_000]);
});

test('a timeline is in order of time, what still waits at its end', () => {
  const event = { event: 'opened', severity: 'warning', by: null, note: null } as const;
  const delivery = { channel: 'oncall', event: 'opened', held: null, attempts: 1, error: null } as const;

  const entries = timelineOf({
    events: [
      { ...event, at: at(0) },
      { ...event, event: 'resolved', at: at(60) },
    ],
    deliveries: [
      { ...delivery, state: 'waiting', channel: 'team', due_at: at(10), ended_at: null },
      { ...delivery, state: 'told', due_at: at(5), ended_at: at(30) },
      { ...delivery, state: 'told', due_at: at(0), ended_at: at(0), channel: 'fast' },
    ],
  });

  assert.deepEqual(
    entries.map((entry) => (entry.type === 'event' ? entry.event.event : entry.delivery.channel)),
    ['opened', 'fast', 'oncall', 'resolved', 'team'],
  );
});

test('text from outside can hide nothing and turn nothing round', () => {
  assert.equal(readable('a\u001b[31m\u0000b\r\nc\td', 100), 'a\u241b[31m\u2400b\nc\td');
  assert.equal(readable('half \ud800', 100), 'half \ufffd');
  assert.equal(readable('x'.repeat(20), 10), `${'x'.repeat(9)}…`);
  assert.equal(readable('user\u202e\u2069 txt', 100), 'user\ufffd\ufffd txt');
  assert.equal(isolate('a\u2069\u202eb'), '\u2068ab\u2069');
});

test('a silence is planned by the orchestrator’s clock, and within its bounds', () => {
  const alert = makeAlert({ id: '5', kind: 'threshold.disk', server: 'RACK-7' });
  const plan = (...rest: [Parameters<typeof planSilence>[1], Parameters<typeof planSilence>[2], string]) =>
    planSilence(alert, ...rest, AT);

  assert.deepEqual(plan('alert', { seconds: 3_600 }, ' why '), {
    type: 'wish',
    wish: { alert_id: '5', seconds: 3_600, reason: 'why' },
  });
  assert.deepEqual(plan('kindHere', { untilMs: AT + 90_000 }, 'why'), {
    type: 'wish',
    wish: { kind: 'threshold.disk', server: 'RACK-7', seconds: 90, reason: 'why' },
  });
  assert.deepEqual(plan('kind', { seconds: 60 }, 'why'), {
    type: 'wish',
    wish: { kind: 'threshold.disk', seconds: 60, reason: 'why' },
  });
  const problems = [
    plan('alert', { untilMs: AT + 59_000 }, 'why'),
    plan('alert', { untilMs: Number.NaN }, 'why'),
    plan('alert', { untilMs: AT + 400 * 86_400_000 }, 'why'),
    plan('alert', { seconds: 3_600 }, '  '),
  ];
  assert.deepEqual(
    problems.map((one) => one.type === 'problem' && one.problem),
    ['past', 'past', 'far', 'reason'],
  );
});
