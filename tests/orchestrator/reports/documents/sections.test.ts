import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentFacts, ReportFacts } from '../../../../src/contract/report-facts.ts';
import { fontCoverage } from '../../../../src/orchestrator/reports/documents/font-coverage.ts';
import type { Cell, TableSection } from '../../../../src/orchestrator/reports/documents/page.ts';
import { agentsSection } from '../../../../src/orchestrator/reports/documents/sections/agents-section.ts';
import { changesSection } from '../../../../src/orchestrator/reports/documents/sections/changes-sections.ts';
import { daysSection } from '../../../../src/orchestrator/reports/documents/sections/days-section.ts';
import { incidentsSection } from '../../../../src/orchestrator/reports/documents/sections/incidents-section.ts';
import { keyNumbers } from '../../../../src/orchestrator/reports/documents/sections/key-numbers.ts';
import { gapsSection } from '../../../../src/orchestrator/reports/documents/sections/point-sections.ts';
import { typeset } from '../../../../src/orchestrator/reports/documents/typeset.ts';
import { reportWords } from '../../../../src/orchestrator/reports/words/index.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { sampleDay, samplePeriod } from '../../../support/report-samples.ts';

const [en, he] = [reportWords('en'), reportWords('he')];
const BAD = sampleDay('bad');
const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '').replaceAll('\u00a0', ' ');
const textOf = (cell: Cell | undefined) => plain(typeof cell === 'string' ? cell : (cell?.text ?? ''));
const columnOf = ({ columns, rows }: TableSection, head: string) =>
  rows.map((row) => row[columns.findIndex((column) => column.head === head)]);

test('of many AI agents the worst have rows, and every other one has a sign', () => {
  const facts = sampleDay('thousand-agents');

  const section = agentsSection(facts, en);

  assert.equal(section.rows.length, 25);
  assert.ok(columnOf(section, 'State').every((cell) => textOf(cell) === 'Trouble'));
  const { groups, alt } = section.others!;
  assert.equal(
    groups.reduce((sum, { count }) => sum + count, 0),
    975,
  );
  assert.deepEqual(
    groups.map(({ sign }) => sign),
    ['red', 'yellow', 'green'],
  );
  for (const { label } of groups) assert.ok(alt.includes(label));
});

test('tens of thousands of AI agents are counted in full, and drawn within bounds', () => {
  const one = BAD.agents.at(-1)!;
  const agents: AgentFacts[] = Array.from({ length: 30_025 }, () => one);

  const { groups } = agentsSection({ ...BAD, agents }, en).others!;

  assert.deepEqual(groups, [{ sign: 'green', label: '30,000 Good', count: 2_500 }]);
});

test('an AI agent of which nothing is known was not "0 down"', () => {
  const unknown: AgentFacts = {
    ...BAD.agents[1]!,
    light: 'grey',
    light_reasons: ['unknown'],
    availability: null,
    records: null,
    errors: null,
    seconds: { unknown: 86_400 },
  };

  const section = agentsSection({ ...BAD, agents: [unknown] }, en);

  for (const head of ['Available', 'Down', 'Records', 'Errors']) assert.equal(textOf(columnOf(section, head)[0]), '—');
  assert.equal(textOf(columnOf(section, 'State')[0]), 'Unknown');
});

test('the best and the worst day are marked, unknown ones are neither', () => {
  const week = samplePeriod('weekly');
  const by_slot = week.by_slot.map((slot, n) => ({
    ...slot,
    seconds: n === 1 ? { up: 80, down: 20 } : n === 2 ? { up: 100 } : { up: 99, down: 1 },
  }));

  const section = daysSection({ ...week, by_slot }, en);

  assert.deepEqual(
    section.rows.map((row) => textOf(row[1])),
    ['', 'Worst', 'Best', '', '', '', ''],
  );
  assert.equal(textOf(columnOf(section, 'Available')[1]), '80.0%');
  assert.equal(textOf(columnOf(section, 'Records')[3]), '—');
});

test('days that are all alike have no best one', () => {
  assert.ok(daysSection(samplePeriod('weekly'), en).rows.every((row) => row[1] === ''));
});

test('an incident is told in the words of its kind in Hebrew, and by its title where there are none', () => {
  const section = incidentsSection(BAD, he);

  assert.deepEqual(columnOf(section, 'מה קרה').map(textOf), ['אין ממנו סימן חיים', 'connection to 10.0.0.7 refused']);
  assert.deepEqual(columnOf(incidentsSection(BAD, en), 'What happened').map(textOf), [
    'GROK is silent',
    'connection to 10.0.0.7 refused',
  ]);
});

test('a refused revision says what was wrong with it', () => {
  const revision = BAD.revisions[0]!;
  const facts: ReportFacts = {
    ...BAD,
    revisions: [
      { ...revision, state: 'refused', refused: { complaints: 3, first: 'disk.warn_percent is 120' }, rollout: null },
    ],
  };

  const [cell] = columnOf(changesSection(facts, en), 'Change');

  assert.ok(typeof cell === 'object' && 'also' in cell);
  assert.equal(plain(cell.also), 'disk.warn_percent is 120 (and 2 more)');
});

test('what was on another day bears its date, also where the day is told by the hour', () => {
  const [revision] = BAD.revisions;
  const [alert] = BAD.alerts.list;
  const times = ['2025-12-09T21:59:00.000Z', '2025-12-09T22:01:00.000Z'];

  const changes = changesSection({ ...BAD, revisions: times.map((found_at) => ({ ...revision!, found_at })) }, en);
  const list = times.map((first_at) => ({ ...alert!, first_at }));
  const incidents = incidentsSection({ ...BAD, alerts: { ...BAD.alerts, list } }, en);

  for (const section of [changes, incidents])
    assert.deepEqual(columnOf(section, 'When').map(textOf), ['9 Dec, 23:59', '00:01']);
});

test('before anything is known, that there was no alert and no change is not known either', () => {
  const empty = sampleDay('empty');

  for (const section of [changesSection(empty, en), incidentsSection(empty, en)])
    assert.equal(section.none, 'Whether there were any isn’t known.');
});

test('what there is to compare with is in rows, what there is not is said', () => {
  const { rows, note } = keyNumbers(
    { ...BAD, compared: { ...BAD.compared, week_before: null, habit: null, habit_of: 0 } },
    en,
  );

  assert.deepEqual(
    rows.map(({ label }) => label),
    ['This day', 'Day before'],
  );
  assert.match(note, /nothing to compare with: Week before, Usual\.$/);
});

test('of a day that is not over, amounts are not compared with those of whole days, and shares are', () => {
  const { period, gaps } = BAD;
  const facts: ReportFacts = {
    ...BAD,
    gaps: [{ kind: 'unfinished', from: '2025-12-10T10:00:00.000Z', to: period.ends_at }, ...gaps],
  };
  const changedIn = (told: ReportFacts) => {
    const { columns, rows } = keyNumbers(told, en);
    return columns.filter((_, index) => rows.some(({ cells }) => cells[index]!.change !== undefined));
  };

  assert.deepEqual(changedIn(facts), ['Availability', 'Error rate']);
  assert.ok(changedIn(BAD).includes('Records'));
});

test('many gaps are bounded, and how many more there are is said', () => {
  const gaps = Array.from({ length: 40 }, () => BAD.gaps[0]!);

  const { points } = gapsSection({ ...BAD, gaps }, en)!;

  assert.equal(points.length, 7);
  assert.equal(points.at(-1)!.text, 'and 34 more');
});

test('a page that cannot be set is an error that says why', () => {
  assert.throws(
    () => typeset({ source: 'summary.typ', page: {}, madeAt: BAD.gathered_at }),
    (error: NervesysError) =>
      error instanceof NervesysError && error.code === 'NSV_REPORT_FAILED' && / key "masthead"/.test(error.message),
  );
});

test('what is no font is refused', () => {
  assert.throws(() => fontCoverage(Buffer.alloc(64)), /no cmap table/);
});
