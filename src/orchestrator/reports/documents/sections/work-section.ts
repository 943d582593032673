import type { AiWorkFact, AiWorkFacts } from '../../../../contract/report-facts.ts';
import { compact, money, name } from '../../words/formats.ts';
import type { ReportWords } from '../../words/words.ts';
import type { TableSection } from '../page.ts';

const ROWS_MAX = 10;

/** What AI agents did with models, by cost, and all of it together. */
export function workSection(work: AiWorkFacts, words: ReportWords): TableSection {
  const shown = work.by_agent_model.slice(0, ROWS_MAX);
  const { columns } = words;
  const numbersOf = (of: Omit<AiWorkFact, 'agent_id' | 'model'>) => [
    compact(of.calls, words),
    compact(of.failed_calls, words),
    compact(of.input_tokens, words),
    compact(of.output_tokens, words),
    compact(of.tool_calls, words),
    compact(of.tool_failures, words),
    money(of.cost_usd, 'USD', words),
  ];
  const notes = [
    ...(work.total > shown.length ? [words.listCut(shown.length, work.total)] : []),
    ...(work.cost_is_partial ? [words.partialCost] : []),
  ];
  return {
    type: 'table',
    heading: words.headings.work,
    columns: [
      { head: columns.agent, look: 'strong', share: 3 },
      { head: columns.model, look: 'faint', share: 2 },
      { head: columns.calls, look: 'number' },
      { head: columns.failedCalls, look: 'number' },
      { head: columns.inputTokens, look: 'number' },
      { head: columns.outputTokens, look: 'number' },
      { head: columns.toolCalls, look: 'number' },
      { head: columns.toolFailures, look: 'number' },
      { head: columns.cost, look: 'number' },
    ],
    rows: [
      ...shown.map((one) => [
        name(one.agent_id),
        one.model === null ? words.unnamedModel : name(one.model, 40),
        ...numbersOf(one),
      ]),
      [words.allTogether, '', ...numbersOf(work)],
    ],
    hasTotal: true,
    ...(notes.length === 0 ? {} : { note: notes.join(' ') }),
  };
}
