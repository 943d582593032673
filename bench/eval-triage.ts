/**
 * The figures of the triage on sets of lines whose answers are known, from messages and from raw lines, in one table. The interval is that in
 * which 95 % of the figures lie when systems are drawn anew (bootstrap, 2,000 times): what another choice of systems might have given.
 *
 *   npm run eval:triage -- [DIR] [--reserve] [--json]
 *
 * DIR: of the sets; else NERVESYS_TRIAGE_SETS; else our own invented systems, or with --reserve those on which nothing was tuned
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/commands/output.ts';
import { type Evaluation, evaluate } from '../src/commands/triage/evaluate.ts';
import { type Scores, type Summary, summarise } from '../src/commands/triage/scores.ts';
import { RESERVE, SYSTEMS } from '../tests/support/triage-sets/index.ts';
import { writeSets } from '../tests/support/triage-sets/write-sets.ts';

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, reserve: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const DRAWS = 2_000;
const given = positionals[0] ?? process.env['NERVESYS_TRIAGE_SETS'];
const folder = given ?? mkdtempSync(path.join(tmpdir(), 'nervesys-sets-'));
if (given === undefined) writeSets(folder, values.reserve ? RESERVE : SYSTEMS);
const messages = await evaluate({ folder, raw: false });
const raw = await evaluate({ folder, raw: true });
if (given === undefined) rmSync(folder, { recursive: true });
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
function formatFigures(one: Evaluation, other: Evaluation): string {
  const [messageScores, rawScores] = [scoresOf(one), scoresOf(other)];
  if (messageScores.length === 0) return 'no set says what is true';
  const rows: readonly (readonly [
    string,
    readonly Scores[],
    (summary: Summary) => number | undefined,
    number,
    number,
  ])[] = [
    ['mean GA, messages', messageScores, (of) => of.groupingAccuracy, 0.88, 0.92],
    ['worst GA, messages', messageScores, (of) => of.groupingAccuracyWorst, 0.5, 0.65],
    ['mean FGA, messages', messageScores, (of) => of.groupF1, 0.9, 0.94],
    ['groups / true, worst', messageScores, (of) => of.groupsPerTrueGroupWorst, 1.5, 1.2],
    ['mean GA, raw lines', rawScores, (of) => of.groupingAccuracy, 0.75, 0.85],
    ['mean FGA, raw lines', rawScores, (of) => of.groupF1, 0.9, 0.94],
    ['alert F1 by template', messageScores, (of) => of.alertsByTemplate.f1, 0.7, 0.8],
    ['alert recall by template', messageScores, (of) => of.alertsByTemplate.recall, 0.9, 0.95],
    ['alert F1 by template, raw lines', rawScores, (of) => of.alertsByTemplate.f1, 0.7, 0.8],
    ['alert recall by template, raw lines', rawScores, (of) => of.alertsByTemplate.recall, 0.9, 0.95],
    ['false alarms, share of lines', messageScores, (of) => of.falseAlarmRate, 0.02, 0.01],
    ['false alarms, share of raw lines', rawScores, (of) => of.falseAlarmRate, 0.02, 0.01],
    ['false alarms where no alert is', messageScores, (of) => of.falseAlarmsWhereNone, 10, 0],
  ];
  return formatTable(rows, [
    { title: 'FIGURE', text: ([name]) => name },
    { title: 'IS', text: ([, scores, figure]) => share(figure(summarise(scores))), align: 'right' },
    { title: '95 %', text: ([, scores, figure]) => interval(scores, figure), align: 'right' },
    { title: 'GATE', text: ([, , , gate]) => String(gate), align: 'right' },
    { title: 'AIM', text: ([, , , , aim]) => String(aim), align: 'right' },
  ]);
}

function scoresOf({ systems }: Evaluation): Scores[] {
  return systems.flatMap(({ scores }) => (scores === undefined ? [] : [scores]));
}

/** Of a figure, over systems drawn with return. The same each time. */
function interval(scores: readonly Scores[], figure: (summary: Summary) => number | undefined): string {
  let state = 1;
  const draw = (): Scores => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return scores[Math.floor((state / 2 ** 32) * scores.length)] as Scores;
  };
  const figures = Array.from({ length: DRAWS }, () => figure(summarise(scores.map(draw))))
    .filter((value) => value !== undefined)
    .sort((one, other) => one - other);
  return `${share(figures[Math.floor(figures.length * 0.025)])}–${share(figures[Math.ceil(figures.length * 0.975) - 1])}`;
}

function share(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(3);
}
