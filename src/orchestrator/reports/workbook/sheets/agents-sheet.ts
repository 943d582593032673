import type { AgentFacts, ReportFacts } from '../../../../contract/report-facts.ts';
import type { Book } from '../book.ts';
import { columnName } from '../book.ts';
import { LIGHT_FILLS } from '../colors.ts';
import { type Column, writeTable } from '../table.ts';
import type { WorkbookWords } from '../words.ts';

const outOf = ({ seconds }: AgentFacts, ...states: readonly (keyof AgentFacts['seconds'])[]) =>
  states.reduce((sum, state) => sum + (seconds[state] ?? 0), 0);

export function agentColumns({ report }: WorkbookWords): readonly Column<AgentFacts>[] {
  return [
    { key: 'light', type: 'words', width: 9, value: ({ light }) => report.light[light] },
    { key: 'agent', type: 'text', width: 22, value: ({ agent_id }) => agent_id },
    { key: 'server', type: 'text', width: 16, value: ({ server }) => server },
    { key: 'state', type: 'words', width: 12, value: ({ state }) => (state === null ? null : report.state[state]) },
    {
      key: 'why',
      type: 'words',
      width: 30,
      value: ({ light_reasons }) =>
        light_reasons.length === 0 ? null : light_reasons.map((reason) => report.lightReason[reason]).join(', '),
    },
    { key: 'availability', type: 'share', width: 11, value: ({ availability }) => availability },
    { key: 'up', type: 'duration', width: 11, value: (agent) => outOf(agent, 'up') },
    { key: 'degraded', type: 'duration', width: 11, value: (agent) => outOf(agent, 'degraded') },
    { key: 'late', type: 'duration', width: 10, value: (agent) => outOf(agent, 'late') },
    { key: 'down', type: 'duration', width: 10, value: (agent) => outOf(agent, 'down') },
    { key: 'unknownTime', type: 'duration', width: 10, value: (agent) => outOf(agent, 'unknown') },
    { key: 'outOfService', type: 'duration', width: 10, value: (agent) => outOf(agent, 'retired', 'revoked') },
    { key: 'outages', type: 'count', width: 8, value: ({ outages }) => outages },
    { key: 'longestOutage', type: 'duration', width: 10, value: (agent) => agent.longest_outage_seconds },
    { key: 'records', type: 'count', width: 12, value: ({ records }) => records },
    { key: 'debug', type: 'count', width: 10, value: ({ level_counts }) => level_counts?.DEBUG ?? null },
    { key: 'info', type: 'count', width: 11, value: ({ level_counts }) => level_counts?.INFO ?? null },
    { key: 'warn', type: 'count', width: 10, value: ({ level_counts }) => level_counts?.WARN ?? null },
    { key: 'error', type: 'count', width: 10, value: ({ level_counts }) => level_counts?.ERROR ?? null },
    { key: 'critical', type: 'count', width: 10, value: ({ level_counts }) => level_counts?.CRITICAL ?? null },
    { key: 'errors', type: 'count', width: 10, value: ({ errors }) => errors },
    { key: 'errorRate', type: 'share', width: 9, value: ({ error_rate }) => error_rate },
    { key: 'errorRateHabit', type: 'share', width: 10, value: ({ error_rate_habit }) => error_rate_habit },
    { key: 'cpuMedian', type: 'percent', width: 11, value: ({ vitals }) => vitals.cpu_percent?.p50 ?? null },
    { key: 'cpu95', type: 'percent', width: 11, value: ({ vitals }) => vitals.cpu_percent?.p95 ?? null },
    { key: 'cpuMost', type: 'percent', width: 11, value: ({ vitals }) => vitals.cpu_percent?.max ?? null },
    { key: 'ramMedian', type: 'percent', width: 11, value: ({ vitals }) => vitals.ram_percent?.p50 ?? null },
    { key: 'ram95', type: 'percent', width: 11, value: ({ vitals }) => vitals.ram_percent?.p95 ?? null },
    { key: 'ramMost', type: 'percent', width: 11, value: ({ vitals }) => vitals.ram_percent?.max ?? null },
    { key: 'diskMost', type: 'percent', width: 11, value: ({ vitals }) => vitals.disk_percent?.max ?? null },
    { key: 'bufferMost', type: 'megabytes', width: 10, value: ({ vitals }) => vitals.buffer_size_mb?.max ?? null },
    { key: 'alerts', type: 'count', width: 9, value: ({ alerts_opened }) => alerts_opened },
    { key: 'criticalAlerts', type: 'count', width: 9, value: ({ alerts_critical }) => alerts_critical },
  ];
}

/** One row an AI agent, those with most trouble first. */
export function writeAgents(book: Book, { agents }: ReportFacts, words: WorkbookWords): void {
  const sheet = words.sheets.agents;
  book.addSheet(sheet);
  const table = writeTable(book, sheet, agentColumns(words), agents, words, {
    frozenColumns: 2,
    pagesWide: 2,
    isLong: true,
  });
  if (agents.length === 0) return;
  const range = (key: Parameters<typeof table.column>[0]) => {
    const name = columnName(table.column(key) ?? 1);
    return `${name}2:${name}${table.lastRow}`;
  };
  book.format(
    sheet,
    range('light'),
    (['green', 'yellow', 'red', 'grey'] as const).map((light) => ({
      Type: 'cell',
      Criteria: '==',
      Value: JSON.stringify(words.report.light[light]),
      Format: book.conditionalStyle({
        Font: { Color: LIGHT_FILLS[light].ink },
        Fill: { Type: 'pattern', Pattern: 1, Color: [LIGHT_FILLS[light].fill] },
      }),
    })),
  );
  // The facts have judged what is above habit; a sheet that judged anew could say otherwise.
  const why = columnName(table.column('why') ?? 1);
  book.format(sheet, range('errorRate'), [
    {
      Type: 'formula',
      Criteria: `ISNUMBER(SEARCH(${JSON.stringify(words.report.lightReason.errors_above_habit)},$${why}2))`,
      Format: book.conditionalStyle({
        Font: { Color: LIGHT_FILLS.yellow.ink, Bold: true },
        Fill: { Type: 'pattern', Pattern: 1, Color: [LIGHT_FILLS.yellow.fill] },
      }),
    },
  ]);
  book.format(sheet, range('records'), [bar('A8C8E4')]);
  book.format(sheet, range('down'), [bar('E3A6A6')]);
  for (const key of ['cpu95', 'ram95'] as const)
    book.format(sheet, range(key), [
      {
        Type: '2_color_scale',
        Criteria: '=',
        MinType: 'num',
        MinValue: '0',
        MinColor: '#FFFFFF',
        MaxType: 'num',
        MaxValue: '1',
        MaxColor: '#8FB3D1',
      },
    ]);
}

/** From nothing to the most of the column. */
export function bar(color: string) {
  return {
    Type: 'data_bar',
    Criteria: '=',
    MinType: 'min', // which is nothing where no number is below it
    MaxType: 'max',
    BarColor: `#${color}`,
    BarSolid: true,
  };
}
