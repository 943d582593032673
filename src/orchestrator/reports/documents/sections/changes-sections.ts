import type { ReportFacts, RevisionFacts, TemplateFact } from '../../../../contract/report-facts.ts';
import { REVISION_STATES, type RevisionState } from '../../../../contract/rollout.ts';
import { cleanText, isolate } from '../../../../platform/safe-text.ts';
import { name, whenIn, whole } from '../../words/formats.ts';
import { joinNames, shortRevision } from '../../words/hands.ts';
import type { ReportWords } from '../../words/words.ts';
import type { Cell, TableSection } from '../page.ts';

const TEMPLATES_MAX = 8;
const REVISIONS_SHOWN_MAX = 8;
const LINE_LENGTH_MAX = 160;

/** Kinds of lines of trouble that were seen for the first time. */
export function templatesSection({ templates }: ReportFacts, words: ReportWords): TableSection {
  const found = templates.new.filter((template) => worstLevel(template) !== undefined);
  const shown = found.slice(0, TEMPLATES_MAX);
  return {
    type: 'table',
    heading: words.headings.templates,
    ...(templates.new_total === null
      ? { none: words.none.notKnown }
      : shown.length === 0
        ? { none: words.none.templates }
        : {}),
    columns: [
      { head: words.columns.line, look: 'code', share: 5 },
      { head: words.columns.level, look: 'faint' },
      { head: words.columns.count, look: 'number' },
      { head: words.columns.agent, look: 'text', share: 3 },
    ],
    rows: shown.map((template) => [
      isolate(cleanText(template.text, LINE_LENGTH_MAX)),
      worstLevel(template) ?? '',
      whole(template.lines, words),
      joinNames(template.agents, template.agents_total, words),
    ]),
    ...(found.length > shown.length ? { note: words.listCut(shown.length, found.length) } : {}),
  };
}

function worstLevel({ level_counts }: TemplateFact): string | undefined {
  return (['CRITICAL', 'ERROR', 'WARN'] as const).find((level) => level_counts[level] > 0);
}

/** What was changed in the configuration's repository, and how far it got. */
export function changesSection(facts: ReportFacts, words: ReportWords): TableSection {
  const { revisions, totals } = facts;
  const shown = revisions.slice(0, REVISIONS_SHOWN_MAX);
  const none = totals.alerts_opened === null ? words.none.notKnown : words.none.changes; // before anything was known
  return {
    type: 'table',
    heading: words.headings.changes,
    ...(shown.length === 0 ? { none } : {}),
    columns: [
      { head: words.columns.when, look: 'text' },
      { head: words.columns.revision, look: 'code' },
      { head: words.columns.change, look: 'text', share: 5 },
      { head: words.columns.by, look: 'faint', share: 2 },
      { head: words.columns.state, look: 'text' },
    ],
    rows: shown.map((revision) => [
      whenIn(facts, revision.found_at, words),
      isolate(cleanText(shortRevision(revision.revision), 20)),
      changeOf(revision, words),
      revision.commit === null ? words.unknown : name(revision.commit.author, 40),
      stateOf(revision, words),
    ]),
    ...(revisions.length > shown.length ? { note: words.listCut(shown.length, revisions.length) } : {}),
  };
}

function changeOf({ commit, refused, rollout }: RevisionFacts, words: ReportWords): Cell {
  const subject = commit === null ? words.unknown : name(commit.subject, LINE_LENGTH_MAX);
  if (refused !== null)
    return { text: subject, also: words.refusedFor(name(refused.first, LINE_LENGTH_MAX), refused.complaints) };
  const isStopped = rollout?.state === 'halted' || rollout?.state === 'rolled_back';
  return isStopped && rollout?.reason ? { text: subject, also: name(rollout.reason, LINE_LENGTH_MAX) } : subject;
}

function stateOf({ state, rollout }: RevisionFacts, words: ReportWords): string {
  if (rollout?.state === 'halted' || rollout?.state === 'paused') return words.rolloutState[rollout.state];
  return isRevisionState(state) ? words.revisionState[state] : name(state, 30);
}

function isRevisionState(state: string): state is RevisionState {
  return (REVISION_STATES as readonly string[]).includes(state);
}
