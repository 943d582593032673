import { type AlertFact, GAP_SERVERS_MAX, type ReportFacts } from '../../../contract/report-facts.ts';
import { name } from './formats.ts';
import { moodOf } from './mood.ts';
import type { Hand, ReportWords } from './words.ts';

/** What somebody has to do something about, the most pressing first. */
export interface NeededHand {
  readonly hand: Hand;
  readonly what: string;
  readonly todo: string;
}

const NAMES_MAX = 3;

/** Alerts of these kinds have a remedy of their own; while one is open it needs a hand whatever its severity. */
const BY_KIND: Readonly<Record<string, Hand>> = {
  'channel.failing': 'channel_failing',
  'backup.failed': 'backup_failed',
  'report.missing': 'report_missing',
  'archive.refused': 'archive_refused',
};

/**
 * Pure: what in the facts waits for a person. It's told as it stood at the end of the period, so what was mended within it isn't here;
 * lost records are, for they don't come back by themselves.
 */
export function neededHands(facts: ReportFacts, words: ReportWords): readonly NeededHand[] {
  const found: NeededHand[] = [];
  const add = (hand: Hand, count: number, names: readonly string[] = [], total = names.length) => {
    if (count === 0) return;
    const { what, todo } = words.hand[hand];
    found.push({ hand, what: what(count, joinNames(names, total, words)), todo });
  };
  if (moodOf(facts) === 'unknown') add('nothing_heard', 1);
  const open = facts.alerts.list.filter(({ resolved_at }) => resolved_at === null);
  const critical = open.filter(({ severity, kind }) => severity === 'critical' && BY_KIND[kind] === undefined);
  add('critical_open', critical.length, unique(critical.map(subject)));
  const down = facts.agents.filter(({ state }) => state === 'down').map(({ agent_id }) => agent_id);
  add('down_at_end', down.length, down);
  const losses = facts.losses.filter(({ lost_records }) => lost_records > 0);
  add(
    'records_lost',
    losses.reduce((sum, { lost_records }) => sum + lost_records, 0),
    losses.map(({ server }) => server),
  );
  for (const [kind, hand] of Object.entries(BY_KIND)) {
    const of = open.filter((alert) => alert.kind === kind);
    add(hand, of.length, unique(of.map(subject)));
  }
  const behind = facts.gaps.filter(({ kind }) => kind === 'archive_behind');
  const servers = unique(behind.flatMap((gap) => gap.servers ?? []).slice(0, GAP_SERVERS_MAX));
  const count = behind.reduce((sum, gap) => sum + (gap.count ?? gap.servers?.length ?? 0), 0);
  add('archive_behind', count, servers, count);
  const refused = facts.revisions.filter((revision) => revision.refused !== null);
  add(
    'revision_refused',
    refused.length,
    refused.map(({ revision }) => shortRevision(revision)),
  );
  const halted = facts.revisions.filter(({ rollout }) => rollout?.state === 'halted');
  add(
    'rollout_halted',
    halted.length,
    halted.map(({ revision }) => shortRevision(revision)),
  );
  return found;
}

/** At most three of them, each isolated, and how many more there are. */
export function joinNames(names: readonly string[], total: number, words: ReportWords): string {
  const shown = names.slice(0, NAMES_MAX).map((one) => name(one, 30));
  const more = total - shown.length;
  if (shown.length > 0 && more > 0) return `${shown.join(', ')} ${words.andMore(more)}`;
  return shown.join(', ');
}

export function shortRevision(revision: string): string {
  return revision.slice(0, 10);
}

const subject = ({ agent_id, server }: AlertFact) => agent_id ?? server;
const unique = (all: readonly string[]) => [...new Set(all)];
