import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERT_KINDS } from '../../../../src/contract/alert-kinds.ts';
import { en } from '../../../../src/orchestrator/alerts/messages/en.ts';
import { fitMessage } from '../../../../src/orchestrator/alerts/messages/fit-message.ts';
import { he } from '../../../../src/orchestrator/alerts/messages/he.ts';
import { plainBody } from '../../../../src/orchestrator/alerts/messages/plain-text.ts';
import { listItems, renderMessage } from '../../../../src/orchestrator/alerts/messages/render-message.ts';
import { durationInWords } from '../../../../src/orchestrator/alerts/messages/times.ts';
import type { Notification } from '../../../../src/orchestrator/alerts/notification.ts';
import { cleanText, cutText } from '../../../../src/platform/safe-text.ts';
import { notification, notifiedAlert, silentRack } from '../../../support/notification.ts';

const NOW = Date.parse('2026-01-15T10:17:00.000Z');
const AT = '2026-01-15T10:17:00.000Z';
const inEnglish = (one: Notification) => renderMessage(one, { lang: 'en', timeZone: 'UTC', now: NOW });
const inHebrew = (one: Notification) => renderMessage(one, { lang: 'he', timeZone: 'Asia/Jerusalem', now: NOW });
/** Isolates as brackets, so that a test shows where they stand. */
const shown = (text: string) => text.replaceAll('\u2068', '⟨').replaceAll('\u2069', '⟩');

test('the first line alone tells what, where and how bad', () => {
  assert.equal(inEnglish(notification()).subject, '🔴 GROK on AIGARDEN01 – silent');
  assert.equal(shown(inHebrew(notification()).subject), '🔴 סוכן ⟨GROK⟩ בשרת ⟨AIGARDEN01⟩ – אין ממנו סימן חיים');
});

test('what becomes of a trouble is told in front', () => {
  const later = (event: Notification['event'], by: string | null = null) =>
    notification({ event, at: AT, alerts: [notifiedAlert({ acknowledged_by: by })] });

  assert.equal(inEnglish(later('resolved')).subject, '✅ Over after 14 minutes: GROK on AIGARDEN01 – silent');
  assert.equal(
    inEnglish(later('escalated')).headline,
    'Nobody has answered for 14 minutes: GROK on AIGARDEN01 – silent',
  );
  assert.equal(inEnglish(later('reminded')).headline, 'Still so after 14 minutes: GROK on AIGARDEN01 – silent');
  assert.equal(inEnglish(later('acknowledged', 'dana')).subject, '👀 dana is on it: GROK on AIGARDEN01 – silent');
  assert.equal(
    shown(inHebrew(later('resolved')).subject),
    '✅ הסתיים אחרי 14 דקות: סוכן ⟨GROK⟩ בשרת ⟨AIGARDEN01⟩ – אין ממנו סימן חיים',
  );
  assert.match(shown(inHebrew(later('acknowledged', 'דנה')).subject), /^👀 בטיפול של ⟨דנה⟩: /);
  assert.equal(inEnglish(later('resolved')).summary, 'Critical, from 10:03 to 10:17 UTC.');
});

test('a rack of silent servers is one line with the first names and how many more', () => {
  const message = inEnglish(silentRack(40));

  assert.equal(message.subject, '🔴 40 servers are silent: AIGARDEN01, AIGARDEN02, AIGARDEN03 and 37 more');
  assert.equal(message.items.length, 20);
  assert.equal(message.items[0], 'AIGARDEN01');
  assert.equal(listItems(message).at(-1), 'and 20 more');
  assert.equal(
    shown(inHebrew(silentRack(40)).headline),
    'אין סימן חיים מ־40 שרתים: ⟨AIGARDEN01⟩, ⟨AIGARDEN02⟩, ⟨AIGARDEN03⟩ ועוד 37',
  );
});

test('troubles of several kinds are told by the worst of them', () => {
  const mixed = notification({ alerts: [notifiedAlert(), notifiedAlert({ kind: 'backup.failed' })], total: 5 });

  assert.equal(inEnglish(mixed).headline, '5 alerts, among them GROK on AIGARDEN01 – silent');
  assert.deepEqual(inEnglish(mixed).items, ['GROK on AIGARDEN01 – silent', 'GROK on AIGARDEN01 – the backup failed']);
});

test('a threshold tells what was measured, in its unit', () => {
  const breached = (kind: string, value: number, limit: number) =>
    notification({ alerts: [notifiedAlert({ kind, detail: { value, limit } })] });

  const disk = inEnglish(breached('threshold.disk_percent', 97.25, 95));
  assert.equal(disk.headline, 'GROK on AIGARDEN01 – the disk is nearly full (97.3%)');
  assert.ok(disk.facts.some(({ label, value }) => label === 'Measured' && value === '97.3%, the limit is 95%'));
  assert.match(inEnglish(breached('threshold.oldest_unarchived', 5_400, 1_800)).headline, /\(1 hour 30 minutes\)$/);
  assert.match(
    inEnglish(breached('threshold.clock_skew', -65_000, 5_000)).headline,
    /its clock is wrong \(1 minute\)$/,
  );
  assert.match(shown(inHebrew(breached('threshold.disk_percent', 97, 95)).headline), /הדיסק כמעט מלא \(⟨97%⟩\)$/);
});

test('an unknown kind, and a rule, are told by their title', () => {
  const ruled = notification({
    alerts: [notifiedAlert({ kind: 'rule', title: 'No customer has got a reply', detail: { rule: 'no_replies' } })],
  });

  assert.equal(inEnglish(ruled).headline, 'GROK on AIGARDEN01 – No customer has got a reply');
  assert.ok(inEnglish(ruled).facts.some(({ label, value }) => label === 'Rule' && value === 'no_replies'));
  assert.match(shown(inHebrew(ruled).headline), /– ⟨No customer has got a reply⟩$/);
});

test('facts say how bad, where, since when in the zone of the reader, how often, and what the agent said', () => {
  const often = notification({ at: AT, alerts: [notifiedAlert({ count: 1_234 })] });

  assert.deepEqual(inEnglish(often).facts, [
    { label: 'How bad', value: 'Critical' },
    { label: 'Where', value: 'GROK on AIGARDEN01' },
    { label: 'When', value: 'since 10:03 UTC, for 14 minutes' },
    { label: 'Told', value: '1,234 times' },
    { label: 'In its words', value: 'GROK gives no sign of life' },
  ]);
  const hebrew = inHebrew(often).facts.map(({ label, value }) => `${label}: ${shown(value)}`);
  assert.equal(hebrew[2], 'מתי: מאז ⟨12:03 GMT+2⟩, כבר 14 דקות');
});

test('another day is told with its date', () => {
  const old = notification({ at: AT, alerts: [notifiedAlert({ first_at: '2026-01-13T08:00:00.000Z' })] });

  assert.match(inEnglish(old).summary, /^Critical, since 13 Jan,? 08:00 UTC, for 2 days 2 hours\.$/);
});

test('the orchestrator’s own trouble names no server', () => {
  const own = notification({
    alerts: [notifiedAlert({ kind: 'backup.failed', server: 'orchestrator', agent_id: null })],
  });

  assert.equal(inEnglish(own).headline, 'Nervesys itself – the backup failed');
  assert.equal(inHebrew(own).headline, 'המערכת עצמה – הגיבוי נכשל');
});

test('every known kind has words in both languages, and no two have the same', () => {
  for (const words of [en, he]) {
    const said = ALERT_KINDS.filter((kind) => !/\.silent$/.test(kind)).map((kind) => words.kinds[kind].what);
    assert.equal(new Set(said).size, said.length);
    for (const kind of ALERT_KINDS) {
      assert.notEqual(words.kinds[kind].what.trim(), '', kind);
      assert.match(words.kinds[kind].many('40'), /40/, kind);
    }
  }
  assert.deepEqual(Object.keys(he.kinds).sort(), Object.keys(en.kinds).sort());
  assert.deepEqual(Object.keys(he.labels).sort(), Object.keys(en.labels).sort());
});

test('Hebrew sentences begin with a Hebrew word, and every name in them is isolated', () => {
  const events = ['opened', 'escalated', 'reminded', 'acknowledged', 'resolved', 'test'] as const;
  const messages = ALERT_KINDS.flatMap((kind) =>
    events.flatMap((event) => [
      inHebrew(notification({ event, alerts: [notifiedAlert({ kind, count: 3, acknowledged_by: 'dana' })] })),
      inHebrew({ ...silentRack(40), event }),
    ]),
  );

  for (const message of messages) {
    const texts = [message.headline, message.summary, ...message.facts.flatMap(({ label, value }) => [label, value])];
    for (const text of texts) {
      const outside = text.replace(/\u2068[^\u2068\u2069]*\u2069/g, '');
      assert.match(outside.replaceAll('Nervesys', ''), /^[^A-Za-z]*$/, shown(text));
    }
    assert.match(message.headline, /^[^\p{L}\u2068]*[\u0590-\u05ff]/u, shown(message.headline));
  }
});

test('lengths of time are told by their two greatest units', () => {
  const cases: readonly (readonly [ms: number, en: string, he: string])[] = [
    [0, 'a moment', 'רגע'],
    [1_000, '1 second', 'שנייה'],
    [59_999, '59 seconds', '59 שניות'],
    [60_000, '1 minute', 'דקה'],
    [125_000, '2 minutes', 'שתי דקות'],
    [3_600_000, '1 hour', 'שעה'],
    [3_900_000, '1 hour 5 minutes', 'שעה ו־5 דקות'],
    [2 * 86_400_000 + 3_600_000, '2 days 1 hour', 'יומיים ושעה'],
  ];
  for (const [ms, english, hebrew] of cases) {
    assert.equal(durationInWords(ms, en), english);
    assert.equal(durationInWords(ms, he), hebrew);
  }
});

test('text is cut at whole characters, and isolates are closed', () => {
  assert.equal(cutText('abcdef', 4), 'abc…');
  assert.equal(cutText('ab😀😀', 4), 'ab…');
  for (let length = 1; length < 30; length++) {
    const cut = cutText('א ⁨👩‍👩‍👧‍👦 GROK⁩ ב ⁨AIGARDEN01⁩ סוף', length);
    assert.ok(cut.isWellFormed(), String(length));
    assert.equal(cut.split('\u2068').length, cut.split('\u2069').length, JSON.stringify(cut));
    if (length >= 3) assert.ok(cut.length <= length, `${cut.length} > ${length}`);
  }
});

test('what would drive a terminal, turn text around or break a line is gone; words and emoji stay', () => {
  assert.equal(cleanText('a\u001b[31m\u202eb\u2066c\nd\r\n\u2028e\u0000', 100), 'a [31m b c d e');
  assert.equal(cleanText('\ud800x', 100), '�x');
  assert.equal(cleanText('👩‍👩‍👧 שָׁלוֹם مرحبا', 100), '👩‍👩‍👧 שָׁלוֹם مرحبا');
  assert.equal(cleanText(`a${'\u0301'.repeat(50)}b`, 100), 'a\u0301\u0301\u0301b');
});

test('a link that is none is left out', () => {
  assert.equal(inEnglish(notification({ link: 'javascript:alert(1)' })).link, undefined);
  assert.equal(inEnglish(notification({ link: 'nonsense' })).link, undefined);
});

test('a message is told as whole as it fits: lines go first, then troubles, never the headline', () => {
  const lines = Array.from({ length: 10 }, (_, index) => `line ${index} ${'x'.repeat(280)}`);
  const message = inEnglish(notification({ alerts: [notifiedAlert({ lines })] }));
  const within = (most: number) =>
    fitMessage(
      message,
      (one) => `${one.subject}\n${plainBody(one, { withLink: true })}`,
      (text) => text.length <= most,
    );

  assert.match(within(10_000), /line 0 x[\s\S]*line 9 x/);
  const shorter = within(1_500);
  assert.ok(shorter.length <= 1_500);
  assert.doesNotMatch(shorter, /line 0 x/);
  assert.match(shorter, /line 9 x/);
  assert.match(within(10), /^🔴 GROK on AIGARDEN01 – silent\n[\s\S]*https:\/\/nervesys/);
});
