import type { AgentState } from '../../../../contract/heartbeat.ts';
import type { FactsSlot, ReportFacts, SlotFacts } from '../../../../contract/report-facts.ts';
import { dayName } from '../../charts/slot-names.ts';
import { CHART_WORDS } from '../../charts/words.ts';
import type { Book } from '../book.ts';
import { type Column, type Table, writeTable } from '../table.ts';
import type { WorkbookWords } from '../words.ts';

export interface FleetHour {
  readonly slot: FactsSlot;
  readonly told: SlotFacts;
  readonly tokens: number | null;
}

const NOTHING: SlotFacts = {
  level_counts: null,
  vitals: { cpu_percent: null, ram_percent: null, disk_percent: null },
  seconds: {},
  archived_bytes: null,
};

/** Null in every state where nothing is told of this slot. */
function seconds({ told }: FleetHour, ...states: readonly (AgentState | 'unknown')[]): number | null {
  if (Object.keys(told.seconds).length === 0) return null;
  return states.reduce((sum, state) => sum + (told.seconds[state] ?? 0), 0);
}

export function levelColumns(facts: ReportFacts, { report }: WorkbookWords): readonly Column<FleetHour>[] {
  const chart = CHART_WORDS[report.language];
  return [
    { key: 'from', type: 'instant', width: 20, value: ({ slot }) => slot.starts_at },
    {
      key: 'slot',
      type: 'words',
      width: 8,
      value: ({ slot }) => (facts.kind === 'daily' ? hourName(slot) : dayName(slot.label, chart)),
    },
    { key: 'debug', type: 'count', width: 11, value: ({ told }) => told.level_counts?.DEBUG ?? null },
    { key: 'info', type: 'count', width: 12, value: ({ told }) => told.level_counts?.INFO ?? null },
    { key: 'warn', type: 'count', width: 11, value: ({ told }) => told.level_counts?.WARN ?? null },
    { key: 'error', type: 'count', width: 11, value: ({ told }) => told.level_counts?.ERROR ?? null },
    { key: 'critical', type: 'count', width: 11, value: ({ told }) => told.level_counts?.CRITICAL ?? null },
    { key: 'records', type: 'count', width: 12, value: (row) => recordsOf(row) },
    {
      key: 'errorRate',
      type: 'share',
      width: 10,
      value: (row) => {
        const records = recordsOf(row) ?? 0;
        const counts = row.told.level_counts;
        return counts === null || records === 0 ? null : (counts.ERROR + counts.CRITICAL) / records;
      },
    },
    { key: 'up', type: 'duration', width: 12, value: (row) => seconds(row, 'up') },
    { key: 'late', type: 'duration', width: 11, value: (row) => seconds(row, 'late') },
    { key: 'degraded', type: 'duration', width: 11, value: (row) => seconds(row, 'degraded') },
    { key: 'down', type: 'duration', width: 11, value: (row) => seconds(row, 'down') },
    { key: 'unknownTime', type: 'duration', width: 11, value: (row) => seconds(row, 'unknown') },
    { key: 'outOfService', type: 'duration', width: 11, value: (row) => seconds(row, 'retired', 'revoked') },
    { key: 'cpuMedian', type: 'percent', width: 11, value: ({ told }) => told.vitals.cpu_percent?.p50 ?? null },
    { key: 'cpu95', type: 'percent', width: 11, value: ({ told }) => told.vitals.cpu_percent?.p95 ?? null },
    { key: 'cpuMost', type: 'percent', width: 11, value: ({ told }) => told.vitals.cpu_percent?.max ?? null },
    { key: 'ramMedian', type: 'percent', width: 11, value: ({ told }) => told.vitals.ram_percent?.p50 ?? null },
    { key: 'ram95', type: 'percent', width: 11, value: ({ told }) => told.vitals.ram_percent?.p95 ?? null },
    { key: 'ramMost', type: 'percent', width: 11, value: ({ told }) => told.vitals.ram_percent?.max ?? null },
    { key: 'diskMost', type: 'percent', width: 11, value: ({ told }) => told.vitals.disk_percent?.max ?? null },
    { key: 'archivedBytes', type: 'bytes', width: 13, value: ({ told }) => told.archived_bytes },
    ...(facts.ai_work === null
      ? []
      : [
          {
            key: 'aiTokens',
            type: 'count',
            width: 14,
            value: (row) => row.tokens,
          } as const satisfies Column<FleetHour>,
        ]),
    { key: 'fromUtc', type: 'utc', width: 18, value: ({ slot }) => slot.starts_at },
  ];
}

/** Short, so that a chart has room for all: `03`. */
function hourName({ label }: FactsSlot): string {
  return label.endsWith(':00') ? label.slice(0, 2) : label;
}

function recordsOf({ told: { level_counts } }: FleetHour): number | null {
  return level_counts === null ? null : Object.values(level_counts).reduce((sum, count) => sum + count, 0);
}

/** The whole fleet, one row an hour: what charts draw. */
export function writeLevels(book: Book, facts: ReportFacts, words: WorkbookWords): Table<FleetHour> {
  book.addSheet(words.sheets.levels);
  const rows = facts.slots.map((slot, index) => ({
    slot,
    told: facts.by_slot[index] ?? NOTHING,
    tokens: facts.ai_work?.tokens_by_slot[index] ?? null,
  }));
  return writeTable(book, words.sheets.levels, levelColumns(facts, words), rows, words, {
    frozenColumns: 2,
    pagesWide: 2,
  });
}
