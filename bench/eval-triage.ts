/**
 * The figures of the triage on sets of lines whose answers are known, from messages and from raw lines, in one table.
 *
 *   npm run eval:triage -- [DIR] [--json]        DIR: of the sets; else NERVESYS_TRIAGE_SETS
 */
import { parseArgs } from 'node:util';
import { formatTable } from '../src/commands/output.ts';
import { type Evaluation, evaluate } from '../src/commands/triage/evaluate.ts';

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const folder = positionals[0] ?? process.env['NERVESYS_TRIAGE_SETS'];
if (folder === undefined) {
  console.error('usage: npm run eval:triage -- DIR [--json]');
  process.exit(2);
}
const messages = await evaluate({ folder, raw: false });
const raw = await evaluate({ folder, raw: true });
if (values.json) console.log(JSON.stringify({ messages, raw }, null, 2));
else console.log(`${formatSystems(messages, raw)}\n\n${formatFigures(messages, raw)}`);

function formatSystems(one: Evaluation, other: Evaluation): string {
  const rows = one.systems.map((system, index) => ({ system, raw: other.systems[index] }));
  return formatTable(rows, [
    { title: 'SYSTEM', text: ({ system }) => system.system },
    { title: 'GA', text: ({ system }) => share(system.scores?.groupingAccuracy), align: 'right' },
    { title: 'FGA', text: ({ system }) => share(system.scores?.groupF1), align: 'right' },
    {
      title: 'GROUPS/TRUE',
      text: ({ system: { scores } }) => `${scores?.groups}/${scores?.trueGroups}`,
      align: 'right',
    },
    { title: 'RAW GA', text: (row) => share(row.raw?.scores?.groupingAccuracy), align: 'right' },
    { title: 'RAW FGA', text: (row) => share(row.raw?.scores?.groupF1), align: 'right' },
    { title: 'ALERT F1', text: ({ system }) => share(system.scores?.alertsByLine.f1), align: 'right' },
    { title: 'BY TEMPLATE', text: ({ system }) => share(system.scores?.alertsByTemplate.f1), align: 'right' },
    { title: 'FALSE ALARMS', text: ({ system }) => `${system.scores?.alertsByLine.falseAlarms}`, align: 'right' },
    { title: 'RAW F1', text: (row) => share(row.raw?.scores?.alertsByTemplate.f1), align: 'right' },
  ]);
}

/** The means beside what is to be reached. */
function formatFigures({ summary: one }: Evaluation, { summary: other }: Evaluation): string {
  if (one === undefined || other === undefined) return 'no set says what is true';
  const rows = [
    ['mean GA, messages', one.groupingAccuracy, 0.88, 0.92],
    ['worst GA, messages', one.groupingAccuracyWorst, 0.5, 0.65],
    ['mean FGA, messages', one.groupF1, 0.9, 0.94],
    ['groups / true, worst', one.groupsPerTrueGroupWorst, 1.5, 1.2],
    ['mean GA, raw lines', other.groupingAccuracy, 0.75, 0.85],
    ['alert F1 by template', one.alertsByTemplate.f1, 0.7, 0.8],
    ['alert recall by template', one.alertsByTemplate.recall, 0.9, 0.95],
    ['false alarms, share of lines', one.falseAlarmRate, 0.02, 0.01],
    ['false alarms where no alert is', one.falseAlarmsWhereNone, 10, 0],
  ] as const;
  return formatTable(rows, [
    { title: 'FIGURE', text: ([name]) => name },
    { title: 'IS', text: ([, value]) => share(value), align: 'right' },
    { title: 'GATE', text: ([, , gate]) => String(gate), align: 'right' },
    { title: 'AIM', text: ([, , , aim]) => String(aim), align: 'right' },
  ]);
}

function share(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(3);
}
