import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Level } from '../../../../src/contract/record.ts';
import type { TemplateReport } from '../../../../src/contract/triage.ts';
import type { Database } from '../../../../src/orchestrator/database/database.ts';
import { recordTemplates } from '../../../../src/orchestrator/database/queries/record-templates.ts';
import { factsWindow } from '../../../../src/orchestrator/reports/facts/facts-window.ts';
import { gatherTemplates } from '../../../../src/orchestrator/reports/facts/template-facts.ts';
import { factsPeriod } from '../../../../src/orchestrator/reports/period.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { report } from '../../triage/templates.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const NOW = Date.parse('2025-12-12T08:00:00Z');
const windowOf = (name: string, zone = 'Asia/Jerusalem', kind: 'daily' | 'weekly' = 'daily') =>
  factsWindow(kind, factsPeriod(kind, name, zone)!, NOW);
const DAY = windowOf('2025-12-10');

interface Told {
  readonly lines?: number;
  readonly level?: Level;
  readonly agent?: string;
  /** When it was first seen. */
  readonly since?: string;
  readonly isAlert?: boolean;
  /** From an agent that tells no hours. */
  readonly old?: boolean;
}

let requests = 0;
/** Lines of a template in the hour of an instant, as a server tells them. */
function tell(database: Database, text: string, at: string, told: Told = {}): Promise<unknown> {
  const day = at.slice(0, 10);
  const hour = told.old === true ? {} : { hour: Number(at.slice(11, 13)) };
  const { lines = 1, level = 'INFO', agent = 'GROK', since = '2025-11-01T00:00:00Z' } = told;
  const counts = [{ agent_id: agent, level, day, ...hour, lines }];
  const { isAlert = false } = told;
  const one = report(text, {
    first_seen_at: since,
    last_seen_at: at,
    is_alert: isAlert,
    counts,
  }) as unknown as TemplateReport;
  const sender = { server: 'AIGARDEN01', id: `e-${requests++}`, day };
  return database.transaction((transaction) => recordTemplates(transaction, sender, [one]));
}

test('templates are counted by the local day, from its first to its last hour', async () => {
  await using database = await postgres.database();
  await tell(database, 'a', '2025-12-09T21:00:00Z', { lines: 500 }); // the day before, in Jerusalem
  await tell(database, 'a', '2025-12-09T22:00:00Z', { lines: 2 });
  await tell(database, 'a', '2025-12-10T21:00:00Z', { lines: 3, level: 'ERROR', agent: 'GIMAI' });
  await tell(database, 'a', '2025-12-10T22:00:00Z', { lines: 7_000 });

  const { facts, gap } = await gatherTemplates(database, DAY);

  assert.equal(gap, undefined);
  assert.deepEqual(facts.top, [
    {
      template: facts.top[0]!.template,
      text: 'a',
      lines: 5,
      level_counts: { DEBUG: 0, INFO: 2, WARN: 0, ERROR: 3, CRITICAL: 0 },
      agents: ['GIMAI', 'GROK'],
      agents_total: 2,
      is_alert: false,
      first_seen_at: '2025-11-01T00:00:00.000Z',
      lines_before: 500,
    },
  ]);
  assert.deepEqual([facts.errors.length, facts.new, facts.total, facts.new_total], [1, [], 1, 0]);
});

test('new ones come with trouble first, and those with errors by their errors', async () => {
  await using database = await postgres.database();
  const since = '2025-12-10T05:00:00Z';
  await tell(database, 'many', since, { lines: 900, since });
  await tell(database, 'warned', since, { lines: 2, level: 'WARN', since });
  await tell(database, 'failed', since, { lines: 4, level: 'CRITICAL', since });
  await tell(database, 'old error', since, { lines: 9, level: 'ERROR' });
  await tell(database, 'later', '2025-12-11T05:00:00Z', { since: '2025-12-11T05:00:00Z' });

  const { facts } = await gatherTemplates(database, DAY);
  const texts = (list: readonly { text: string }[]) => list.map(({ text }) => text);

  assert.deepEqual(texts(facts.new), ['failed', 'warned', 'many']);
  assert.deepEqual(texts(facts.errors), ['old error', 'failed']);
  assert.deepEqual(texts(facts.top), ['many', 'old error', 'failed', 'warned']);
  assert.deepEqual([facts.total, facts.new_total, facts.top[0]!.lines_before], [4, 3, null]); // nothing is known of the day before
});

test('where some lines have no hour, days are those of UTC, and the gap says so', async () => {
  await using database = await postgres.database();
  await tell(database, 'a', '2025-12-09T23:00:00Z', { lines: 2 });
  await tell(database, 'a', '2025-12-10T05:00:00Z', { lines: 3 });
  await tell(database, 'b', '2025-12-10T23:00:00Z', { lines: 4, old: true });

  const { facts, gap } = await gatherTemplates(database, DAY);

  assert.deepEqual(gap, { kind: 'templates_by_utc_day' });
  assert.deepEqual(
    facts.top.map(({ text, lines, lines_before: before }) => [text, lines, before]),
    [
      ['b', 4, 0],
      ['a', 3, 2],
    ],
  );
});

test('what servers think of a template the next day changes nothing of the day before', async () => {
  await using database = await postgres.database();
  await tell(database, 'a', '2025-12-10T05:00:00Z', { isAlert: true });
  await tell(database, 'b', '2025-12-10T05:00:00Z');

  const before = await gatherTemplates(database, DAY);
  await tell(database, 'a', '2025-12-11T05:00:00Z');
  await tell(database, 'b', '2025-12-11T05:00:00Z', { isAlert: true });

  assert.deepEqual(await gatherTemplates(database, DAY), before);
  assert.deepEqual(before.facts.top.map(({ text, is_alert: isAlert }) => [text, isAlert]).sort(), [
    ['a', true],
    ['b', false],
  ]);
});

test('a zone beside whole hours takes the nearest ones, and a week all of its days', async () => {
  await using database = await postgres.database();
  await tell(database, 'a', '2025-12-09T18:00:00Z'); // 23:30–00:30 in Kolkata
  await tell(database, 'a', '2025-12-09T19:00:00Z', { lines: 10 });
  await tell(database, 'a', '2025-12-10T18:00:00Z', { lines: 100 });
  await tell(database, 'a', '2025-12-08T00:00:00Z', { lines: 1_000 });

  const kolkata = await gatherTemplates(database, windowOf('2025-12-10', 'Asia/Kolkata'));
  const week = await gatherTemplates(database, windowOf('2025-W50', 'Asia/Kolkata', 'weekly'));

  assert.equal(kolkata.facts.top[0]!.lines, 110);
  assert.equal(week.facts.top[0]!.lines, 1_111);
});

test('where nobody told any, nothing is known', async () => {
  await using database = await postgres.database();

  const { facts, gap } = await gatherTemplates(database, DAY);

  assert.deepEqual([facts, gap], [{ top: [], errors: [], new: [], total: null, new_total: null }, undefined]);
});
