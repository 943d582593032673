import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT_STATUSES } from '../../src/contract/heartbeat.ts';
import { sayNote, sayReason } from '../../src/dashboard/messages/reasons.ts';
import { chooseLanguage, createWords, LANGUAGES, MESSAGES } from '../../src/dashboard/messages/words.ts';
import { clockOffsetMs } from '../../src/dashboard/model/orchestrator-clock.ts';
import { DEFAULT_FLEET_POLICY, type Judged, judgeState } from '../../src/orchestrator/fleet/judge-state.ts';
import { makeAgent } from './fixture-server.ts';

const en = createWords('en');
const he = createWords('he');

test('every language has the same messages with the same places to fill, and none is empty', () => {
  const placesOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  for (const language of LANGUAGES) {
    assert.deepEqual(Object.keys(MESSAGES[language]).sort(), Object.keys(MESSAGES.en).sort(), language);
    for (const [key, message] of Object.entries(MESSAGES[language])) {
      const english = MESSAGES.en[key as keyof typeof MESSAGES.en];
      const [text, original] =
        typeof message === 'string'
          ? [message, english as string]
          : [message.other, (english as { other: string }).other];
      assert.notEqual(text.trim(), '', `${language} ${key}`);
      assert.deepEqual(placesOf(text), placesOf(original), `${language} ${key}`);
    }
  }
});

test('ages are short, and never from the future', () => {
  const cases: [number, string, string][] = [
    [-5_000, '0 s ago', 'לפני 0 שנ׳'],
    [12_400, '12 s ago', 'לפני 12 שנ׳'],
    [89_999, '89 s ago', 'לפני 89 שנ׳'],
    [90_000, '1 min ago', 'לפני דקה'],
    [120_000, '2 min ago', 'לפני 2 דק׳'],
    [3_600_000, '1 h ago', 'לפני שעה'],
    [7_200_000, '2 h ago', 'לפני שעתיים'],
    [172_800_000, '2 days ago', 'לפני יומיים'],
    [864_000_000, '10 days ago', 'לפני 10 ימים'],
  ];
  for (const [ageMs, english, hebrew] of cases) {
    assert.equal(en.ago(ageMs), english);
    assert.equal(he.ago(ageMs), hebrew);
  }
});

test("ages count from the orchestrator's clock, half of the way assumed each way", () => {
  assert.equal(clockOffsetMs('1970-01-01T00:10:00.000Z', 1_000, 1_200), 600_000 - 1_100);
  assert.equal(clockOffsetMs('no time', 1_000, 1_200), 0);
});

test('counts take the form that the language wants', () => {
  assert.equal(en.count('fleetCount', 1), '1 agent');
  assert.equal(en.count('fleetCount', 1200), '1,200 agents');
  assert.equal(he.count('fleetCount', 1), 'סוכן אחד');
  assert.equal(he.count('fleetCount', 2), 'שני סוכנים');
  assert.equal(he.count('fleetCount', 3), '3 סוכנים');
});

test('figures that are lacking are a dash, not NaN', () => {
  for (const text of [en.percent(Number.NaN), en.megabytes(Number.NaN), en.number(Number.NaN), en.ago(Number.NaN)]) {
    assert.equal(text, '–');
  }
  assert.equal(en.percent(12.34), '12.3%');
  assert.equal(en.percent(100), '100%');
  assert.equal(en.megabytes(0.424), '0.42 MB');
  assert.equal(en.duration(93_784), '1 day 2 hr');
});

test('text from outside is put in as it is, even when it looks like a place to fill', () => {
  assert.equal(en.say('alertNew', { title: '{title} $& <b>' }), 'New alert: {title} $& <b>');
});

test('the language is the remembered one, else what the browser asks for, else English', () => {
  assert.equal(chooseLanguage('he', ['en-US']), 'he');
  assert.equal(chooseLanguage(null, ['fr-FR', 'iw-IL', 'en']), 'he');
  assert.equal(chooseLanguage('xx', ['fr']), 'en');
});

test("each reason of the orchestrator's judgement has words of its own in Hebrew", () => {
  const day = 86_400_000;
  const well: Judged = {
    agentId: 'GROK',
    status: 'healthy',
    receivedAt: day,
    seenAt: day,
    oldestUnarchivedSeconds: 0,
    lostLately: 0,
    revokedAt: null,
    retiredAt: null,
    reinstatedAt: null,
    state: 'up',
    reason: '',
  };
  const others: readonly Partial<Judged>[] = [
    {},
    ...AGENT_STATUSES.map((status) => ({ status })),
    { seenAt: 0 },
    { oldestUnarchivedSeconds: 99_999 },
    { lostLately: 1 },
    { revokedAt: day },
    { retiredAt: day },
    { reinstatedAt: day + 1 },
  ];
  const judged = others.flatMap((other) =>
    [0, 200_000, day].map(
      (silence) => judgeState({ ...well, ...other }, DEFAULT_FLEET_POLICY, day + silence, 0).reason,
    ),
  );
  const reasons = new Set(judged);
  assert.ok(reasons.size >= 12, [...reasons].join('; '));

  for (const reason of reasons) assert.match(sayReason(he, reason), /[א-ת]/, reason);
  assert.equal(sayReason(he, 'the moon is full'), 'the moon is full');
});

test('an agent that is well has no note, one that never showed itself has', () => {
  assert.equal(sayNote(en, makeAgent({ agent_id: 'GROK', reason: 'beats arrive on time' })), '');
  assert.match(sayNote(en, makeAgent({ agent_id: 'GROK', last_seen_at: null })), /no sign of life yet/);
  assert.equal(
    sayNote(en, makeAgent({ agent_id: 'GROK', state: 'down', reason: 'stopped, by its own word' })),
    'Stopped, by its own word',
  );
});
