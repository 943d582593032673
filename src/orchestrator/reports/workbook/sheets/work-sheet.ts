import type { AiWorkFact, AiWorkFacts } from '../../../../contract/report-facts.ts';
import type { Book } from '../book.ts';
import { type Column, writeTable } from '../table.ts';
import type { WorkbookWords } from '../words.ts';

export function workColumns({ report }: WorkbookWords): readonly Column<AiWorkFact>[] {
  return [
    { key: 'agent', type: 'text', width: 22, value: ({ agent_id }) => agent_id },
    { key: 'model', type: 'text', width: 22, value: ({ model }) => model ?? report.unnamedModel },
    { key: 'calls', type: 'count', width: 11, value: ({ calls }) => calls },
    { key: 'failedCalls', type: 'count', width: 11, value: ({ failed_calls }) => failed_calls },
    { key: 'inputTokens', type: 'count', width: 15, value: ({ input_tokens }) => input_tokens },
    { key: 'outputTokens', type: 'count', width: 15, value: ({ output_tokens }) => output_tokens },
    { key: 'toolCalls', type: 'count', width: 11, value: ({ tool_calls }) => tool_calls },
    { key: 'toolFailures', type: 'count', width: 11, value: ({ tool_failures }) => tool_failures },
    { key: 'workCost', type: 'dollars', width: 14, value: ({ cost_usd }) => cost_usd },
  ];
}

export function writeWork(book: Book, work: AiWorkFacts, words: WorkbookWords): void {
  book.addSheet(words.sheets.work);
  writeTable(book, words.sheets.work, workColumns(words), work.by_agent_model, words, { frozenColumns: 1 });
}
