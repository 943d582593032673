import { isAlertKind } from '../../../../contract/alert-kinds.ts';
import type { AlertFact, ReportFacts } from '../../../../contract/report-facts.ts';
import type { Book } from '../book.ts';
import { columnName } from '../book.ts';
import { LIGHT_FILLS } from '../colors.ts';
import { type Column, writeTable } from '../table.ts';
import type { WorkbookWords } from '../words.ts';

const between = (from: string, to: string | null) => (to === null ? null : (Date.parse(to) - Date.parse(from)) / 1_000);

export function alertColumns(words: WorkbookWords): readonly Column<AlertFact>[] {
  const { report, yes, no, byItself } = words;
  const isEnglish = report.language === 'en';
  return [
    { key: 'opened', type: 'instant', width: 20, value: ({ first_at }) => first_at },
    { key: 'severity', type: 'words', width: 10, value: ({ severity }) => report.alerts.severity[severity] },
    {
      key: 'what',
      type: 'text',
      width: 46,
      value: ({ kind, title }) => (!isEnglish && isAlertKind(kind) ? report.alerts.kinds[kind].what : title),
    },
    { key: 'agent', type: 'text', width: 22, value: ({ agent_id }) => agent_id },
    { key: 'server', type: 'text', width: 16, value: ({ server }) => server },
    { key: 'times', type: 'count', width: 8, value: ({ count }) => count },
    { key: 'last', type: 'instant', width: 20, value: ({ last_at }) => last_at },
    { key: 'acknowledged', type: 'instant', width: 20, value: ({ acknowledged_at }) => acknowledged_at },
    { key: 'acknowledgedBy', type: 'text', width: 14, value: ({ acknowledged_by }) => acknowledged_by },
    {
      key: 'toAcknowledge',
      type: 'duration',
      width: 12,
      value: ({ first_at, acknowledged_at }) => between(first_at, acknowledged_at),
    },
    { key: 'resolved', type: 'instant', width: 20, value: ({ resolved_at }) => resolved_at },
    {
      key: 'resolvedBy',
      type: 'text',
      width: 14,
      value: ({ resolved_at, resolved_by }) => (resolved_at === null ? null : (resolved_by ?? byItself)),
    },
    {
      key: 'toResolve',
      type: 'duration',
      width: 12,
      value: ({ first_at, resolved_at }) => between(first_at, resolved_at),
    },
    { key: 'fromBefore', type: 'words', width: 9, value: ({ from_before }) => (from_before ? yes : no) },
    { key: 'kind', type: 'text', width: 22, value: ({ kind }) => kind },
    ...(isEnglish
      ? []
      : [{ key: 'told', type: 'text', width: 46, value: ({ title }) => title } as const satisfies Column<AlertFact>]),
  ];
}

/** As the facts list them: the worst first. */
export function writeAlerts(book: Book, { alerts }: ReportFacts, words: WorkbookWords): void {
  const sheet = words.sheets.alerts;
  book.addSheet(sheet);
  const table = writeTable(book, sheet, alertColumns(words), alerts.list, words, { frozenColumns: 1 });
  if (alerts.list.length === 0) return;
  const name = columnName(table.column('severity') ?? 1);
  const { severity } = words.report.alerts;
  book.format(
    sheet,
    `${name}2:${name}${table.lastRow}`,
    (
      [
        ['critical', 'red'],
        ['warning', 'yellow'],
        ['info', 'grey'],
      ] as const
    ).map(([one, light]) => ({
      Type: 'cell',
      Criteria: '==',
      Value: JSON.stringify(severity[one]),
      Format: book.conditionalStyle({
        Font: { Color: LIGHT_FILLS[light].ink },
        Fill: { Type: 'pattern', Pattern: 1, Color: [LIGHT_FILLS[light].fill] },
      }),
    })),
  );
}
