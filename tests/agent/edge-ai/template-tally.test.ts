import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TemplateTally } from '../../../src/agent/edge-ai/template-tally.ts';
import { COUNTS_PER_TEMPLATE_MAX } from '../../../src/contract/triage.ts';
import { idOf, MutableTemplate, NOON, record } from './triaged.ts';

const opinion = () => ({ isAlert: false, score: 0.25 });
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('lines are counted by template, AI agent, level and hour of arrival, until they are taken', () => {
  const tally = new TemplateTally();
  const [one, two] = [new MutableTemplate('one <*>', NOON), new MutableTemplate('two', NOON)];
  const records = [record({}), record({ level: 'ERROR' }), record({ agent_id: 'GIMAI' }), record({})];

  tally.count(records, [one, one, one, undefined], NOON);
  tally.count(records, [one, two, undefined, one], NOON + DAY + HOUR);
  const lists = tally.take(opinion);

  assert.deepEqual(lists.flat(), [
    {
      template: idOf('one <*>'),
      text: 'one <*>',
      aliases: [],
      first_seen_at: '2026-01-15T12:00:00.000Z',
      last_seen_at: '2026-01-15T12:00:00.000Z',
      is_alert: false,
      score: 0.25,
      counts: [
        { agent_id: 'GROK', level: 'INFO', day: '2026-01-15', hour: 12, lines: 1 },
        { agent_id: 'GROK', level: 'ERROR', day: '2026-01-15', hour: 12, lines: 1 },
        { agent_id: 'GIMAI', level: 'INFO', day: '2026-01-15', hour: 12, lines: 1 },
        { agent_id: 'GROK', level: 'INFO', day: '2026-01-16', hour: 13, lines: 2 },
      ],
    },
    { ...lists.flat()[1], counts: [{ agent_id: 'GROK', level: 'ERROR', day: '2026-01-16', hour: 13, lines: 1 }] },
  ]);
  assert.equal(lists.length, 1);
  assert.deepEqual([tally.isEmpty, tally.take(opinion)], [true, []]);
});

test('two templates that became one are told as one, under its name of now', () => {
  const tally = new TemplateTally();
  const [one, two] = [new MutableTemplate('a 1', NOON), new MutableTemplate('a 2', NOON)];

  tally.count([record({}), record({})], [one, two], NOON);
  one.become('a <*>');
  two.become('a <*>');

  assert.deepEqual(
    tally.take(opinion).map((list) => list.map(({ template, counts }) => [template, counts.length])),
    [[[idOf('a <*>'), 2]]],
  );
});

test('a template with more counts than one report may have is told in several lists', () => {
  const tally = new TemplateTally();
  const template = new MutableTemplate('a', NOON);
  const agents = Array.from({ length: 2 * COUNTS_PER_TEMPLATE_MAX + 1 }, (_, n) => record({ agent_id: `A${n}` }));

  tally.count(
    agents,
    agents.map(() => template),
    NOON,
  );

  assert.deepEqual(
    tally.take(opinion).map((list) => list.map(({ counts }) => counts.length)),
    [[200], [200], [1]],
  );
});

test('of a flood of templates those that came first are counted, and it is known how many lines were not', () => {
  const tally = new TemplateTally();
  const one = record({});

  for (let n = 0; n < 10_000; n++) tally.count([one], [new MutableTemplate(`t${n}`, NOON)], NOON);

  assert.equal(tally.uncounted, 6_000);
  assert.equal(tally.take(opinion).flat().length, 4_000);
});

test('while nobody takes the counts, hours that are over become days before anything goes uncounted', () => {
  const tally = new TemplateTally();
  const templates = Array.from({ length: 1_000 }, (_, n) => new MutableTemplate(`t${n}`, NOON));
  const records = templates.map(() => record({}));

  for (let hour = 0; hour < 30; hour++) tally.count(records, templates, NOON + hour * HOUR);
  const [list] = tally.take(opinion);

  assert.equal(tally.uncounted, 0);
  const { counts } = list![7]!;
  assert.equal(
    counts.reduce((sum, { lines }) => sum + lines, 0),
    30,
  );
  assert.deepEqual(
    counts.filter(({ hour }) => hour === undefined).map(({ day, lines }) => [day, lines]),
    [
      ['2026-01-15', 12],
      ['2026-01-16', 17],
    ],
  );
  assert.deepEqual(
    counts.filter(({ hour }) => hour !== undefined).map(({ day, hour }) => [day, hour]),
    [['2026-01-16', 17]],
  );
});
