import type { Queryable } from '../../database/database.ts';
import { type BreachSubject, readBreaches, type StoredBreach } from '../../database/queries/breaches.ts';
import { readAgentValues, readServerValues, type ServerValues } from '../../database/queries/threshold-values.ts';
import { thresholdOf } from './breach-alert.ts';
import type { ThresholdKey, ThresholdValues } from './find-breaches.ts';
import type { Judged } from './judge-subject.ts';
import type { LimitBook } from './limit-book.ts';
import type { Breach } from './step-breach.ts';

/** How these stand now, what their limits are, and what is known of their breaches. */
export async function readJudged(
  transaction: Queryable,
  subjects: readonly BreachSubject[],
  book: LimitBook,
  freshAfter: Date,
): Promise<Judged[]> {
  const servers = subjects.filter(({ agentId }) => agentId === null).map(({ server }) => server);
  const agents = subjects.flatMap(({ server, agentId }) => (agentId === null ? [] : [{ server, agentId }]));
  // One after the other: they share one connection.
  const known = Map.groupBy(await readBreaches(transaction, subjects), nameOf);
  const ofServers = await readServerValues(transaction, servers, freshAfter);
  const ofAgents = await readAgentValues(transaction, agents, freshAfter);
  return [
    ...ofServers.map((row) => ({
      ...standing(row, null, known),
      news: news(row, serverValues(row, book.bufferLimitBytes)),
      limits: book.forServer(row.agent_ids),
    })),
    ...ofAgents.map((row) => ({
      ...standing(row, row.agent_id, known),
      news: news(row, { errorsPerMinute: row.errors_per_minute }),
      limits: book.forAgent(row.agent_id),
    })),
  ];
}

function standing(
  { server, gone }: { readonly server: string; readonly gone: boolean },
  agentId: string | null,
  known: ReadonlyMap<string, readonly StoredBreach[]>,
): Omit<Judged, 'news' | 'limits'> {
  return { server, agentId, gone, breaches: toBreaches(known.get(nameOf({ server, agentId })) ?? []) };
}

function news(row: { readonly received_at: Date | null }, values: ThresholdValues): Judged['news'] {
  return row.received_at === null ? undefined : { values, receivedAt: row.received_at.getTime() };
}

function serverValues(row: ServerValues, bufferLimitBytes: number): ThresholdValues {
  return {
    cpuPercent: row.cpu_percent,
    ramPercent: row.ram_percent,
    diskPercent: row.disk_percent,
    bufferPercent: (100 * row.buffer_size_mb * 1e6) / bufferLimitBytes,
    oldestUnarchivedMs: row.oldest_unarchived_seconds * 1000,
    lostRecords: row.lost_records,
    clockSkewMs: row.clock_skew_ms,
  };
}

function toBreaches(stored: readonly StoredBreach[]): ReadonlyMap<ThresholdKey, Breach> {
  return new Map(
    stored.flatMap(({ threshold, breach }): [ThresholdKey, Breach][] => {
      const key = thresholdOf(threshold);
      return key === undefined ? [] : [[key, breach]]; // a newer version's, which judges it
    }),
  );
}

/** Names a subject within a map. */
export function nameOf({ server, agentId }: BreachSubject): string {
  return `${server}\n${agentId ?? ''}`;
}
