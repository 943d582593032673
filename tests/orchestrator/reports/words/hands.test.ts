import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertFact, ReportFacts } from '../../../../src/contract/report-facts.ts';
import { neededHands } from '../../../../src/orchestrator/reports/words/hands.ts';
import { reportWords } from '../../../../src/orchestrator/reports/words/index.ts';
import { HANDS, type Hand } from '../../../../src/orchestrator/reports/words/words.ts';
import { sampleDay } from '../../../support/report-samples.ts';

const QUIET = sampleDay('quiet');
const BAD = sampleDay('bad');
const revision = BAD.revisions[0]!;

function open(kind: string, severity: AlertFact['severity'] = 'warning'): Partial<ReportFacts> {
  const alert: AlertFact = { ...BAD.alerts.list[0]!, kind, severity, resolved_at: null };
  return { alerts: { ...QUIET.alerts, list: [alert] } };
}

const CASES: Readonly<Record<Hand, { readonly facts: Partial<ReportFacts>; readonly he: string }>> = {
  nothing_heard: { facts: { agents: [] }, he: 'לא נשמע דבר מאף סוכן AI' },
  critical_open: { facts: open('rule', 'critical'), he: 'התרעה קריטית אחת עדיין פתוחה: GROK' },
  down_at_end: {
    facts: { agents: QUIET.agents.map((agent, n) => (n < 4 ? { ...agent, state: 'down' } : agent)) },
    he: `4 סוכני AI היו למטה בסוף התקופה: ${QUIET.agents
      .slice(0, 3)
      .map(({ agent_id }) => agent_id)
      .join(', ')} ועוד 1`,
  },
  records_lost: { facts: { losses: BAD.losses }, he: 'אבדו 37 רשומות: AIGARDEN02' },
  channel_failing: { facts: open('channel.failing'), he: 'ערוץ אחד לא הצליח להודיע על התרעות: GROK' },
  backup_failed: { facts: open('backup.failed', 'critical'), he: 'גיבוי אחד נכשל' },
  report_missing: { facts: open('report.missing'), he: 'דוח אחד חסר' },
  archive_refused: { facts: open('archive.refused', 'critical'), he: 'הארכיון דחה רשומות של שרת אחד: GROK' },
  archive_behind: {
    facts: { gaps: [{ kind: 'archive_behind', servers: ['A', 'B', 'C', 'D'], count: 30 }] },
    he: '30 שרתים פיגרו בשליחה לארכיון בסוף התקופה: A, B, C ועוד 27',
  },
  revision_refused: {
    facts: { revisions: [{ ...revision, refused: { complaints: 1, first: 'no' } }] },
    he: 'מהדורה אחת של התצורה נדחתה: abc123def4',
  },
  rollout_halted: {
    facts: { revisions: [{ ...revision, rollout: { ...revision.rollout!, state: 'halted' } }] },
    he: 'פריסה אחת הופסקה: abc123def4',
  },
};

for (const hand of HANDS)
  test(`what needs a hand, and what to do about it: ${hand}`, () => {
    const { facts, he } = CASES[hand];

    const found = neededHands({ ...QUIET, ...facts }, reportWords('he'));

    assert.deepEqual(
      found.map((one) => [one.hand, one.what.replace(/[\u2066-\u2069]/g, '')]),
      [[hand, he]],
    );
    assert.ok(found[0]!.todo.length > 0);
  });

test('a quiet day, and an alert that is over, need nobody', () => {
  assert.deepEqual(neededHands(QUIET, reportWords('en')), []);
  const over = { ...BAD.alerts.list[0]!, resolved_at: BAD.alerts.list[0]!.last_at };
  assert.deepEqual(neededHands({ ...QUIET, alerts: { ...QUIET.alerts, list: [over] } }, reportWords('en')), []);
});
