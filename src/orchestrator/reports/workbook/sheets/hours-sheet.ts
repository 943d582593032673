import type { AgentFacts, AgentSlot, FactsSlot, ReportFacts } from '../../../../contract/report-facts.ts';
import type { Book } from '../book.ts';
import { type Column, writeTable } from '../table.ts';
import type { WorkbookWords } from '../words.ts';

/** `heard` is null where nothing was heard of it in this slot: the row stands there, and its numbers are empty. */
interface AgentHour {
  readonly slot: FactsSlot;
  readonly agent: AgentFacts;
  readonly heard: AgentSlot | null;
}

export const HOUR_COLUMNS: readonly Column<AgentHour>[] = [
  { key: 'from', type: 'instant', width: 20, value: ({ slot }) => slot.starts_at },
  { key: 'agent', type: 'text', width: 22, value: ({ agent }) => agent.agent_id },
  { key: 'server', type: 'text', width: 16, value: ({ agent }) => agent.server },
  { key: 'records', type: 'count', width: 11, value: ({ heard }) => heard?.records ?? null },
  { key: 'errors', type: 'count', width: 10, value: ({ heard }) => heard?.errors ?? null },
  {
    key: 'errorRate',
    type: 'share',
    width: 10,
    value: ({ heard }) => (heard === null || heard.records === 0 ? null : heard.errors / heard.records),
  },
  { key: 'cpu', type: 'percent', width: 9, value: ({ heard }) => heard?.cpu_percent ?? null },
  { key: 'ram', type: 'percent', width: 9, value: ({ heard }) => heard?.ram_percent ?? null },
  { key: 'disk', type: 'percent', width: 9, value: ({ heard }) => heard?.disk_percent ?? null },
  { key: 'fromUtc', type: 'utc', width: 18, value: ({ slot }) => slot.starts_at },
];

/** One row an AI agent and hour, in the order of AI agents and then of time: 24,000 of 1,000 AI agents. */
export function writeHours(book: Book, { agents, slots }: ReportFacts, words: WorkbookWords): void {
  book.addSheet(words.sheets.hours);
  const rows = agents.flatMap((agent) =>
    agent.by_slot === null ? [] : slots.map((slot, index) => ({ slot, agent, heard: agent.by_slot?.[index] ?? null })),
  );
  writeTable(book, words.sheets.hours, HOUR_COLUMNS, rows, words, { frozenColumns: 2, isLong: true });
}
