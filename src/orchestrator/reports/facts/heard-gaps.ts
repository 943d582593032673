import type { Queryable } from '../../database/database.ts';
import { type HeardStep, readHeardSteps } from './beat-facts.ts';
import type { BeatSource, BeatStretch } from './beat-rows.ts';

/** What is known of a period at all: since when, and when nobody could be heard. */
export interface Hearing {
  /** In or before the period; `undefined`: nothing is known of it. */
  readonly knownSince: Date | undefined;
  /** In order. */
  readonly unheard: readonly Stretch[];
}

interface Stretch {
  readonly from: Date;
  readonly to: Date;
}

/** A shorter silence of a whole fleet is a restart. */
const GAP_MS = 600_000;

export async function readHearing(database: Queryable, source: BeatSource, stretch: BeatStretch): Promise<Hearing> {
  const steps = await readHeardSteps(database, source, stretch);
  const { startsAt, endsAt, intervalMs } = stretch;
  const older = ['status_5m', 'status_1h', 'status_1d'].map(
    (table) => `EXISTS (SELECT FROM ${table} WHERE bucket < $1)`,
  );
  const { rows } = await database.query<{ is_older: boolean; first_at: Date | null }>(
    `SELECT EXISTS (SELECT FROM transitions WHERE at <= $1) OR ${older.join(' OR ')} AS is_older,
       (SELECT min(at) FROM transitions WHERE at < $2) AS first_at`,
    [startsAt, endsAt],
  );
  const { is_older: isOlder, first_at: firstAt } = rows[0]!;
  const first = [steps[0]?.at, firstAt ?? undefined].flatMap((at) => at?.getTime() ?? []);
  if (!isOlder && first.length === 0) return { knownSince: undefined, unheard: [] };
  const from = isOlder ? startsAt.getTime() : Math.max(startsAt.getTime(), Math.min(...first));
  const step = { stepMs: source.rollup.stepMs, intervalMs };
  const holes = findHoles(steps, { from, to: endsAt.getTime(), ...step });
  return { knownSince: new Date(from), unheard: await cutByJudgement(database, holes) };
}

/** Stretches in which nobody was heard between `from` and `to` (epoch ms), long enough to tell of. Pure; `steps` in order. */
export function findHoles(
  steps: readonly HeardStep[],
  { from, to, stepMs, intervalMs }: { from: number; to: number; stepMs: number; intervalMs: number },
): readonly Stretch[] {
  const holes: Stretch[] = [];
  let heardUntil = from;
  const heard = (since: number, until: number) => {
    if (since - heardUntil >= Math.max(GAP_MS, 3 * intervalMs))
      holes.push({ from: new Date(heardUntil), to: new Date(since) });
    heardUntil = Math.max(heardUntil, until);
  };
  for (const { at, reachSeconds } of steps) {
    // A rolled-up beat stands in the middle of its time; an ordinary one is of its step alone.
    const beyondMs = Math.max(0, (reachSeconds * 1_000 - stepMs) / 2);
    heard(at.getTime() - beyondMs, at.getTime() + stepMs + beyondMs);
  }
  heard(to, to);
  return holes;
}

/**
 * Where somebody is judged late or down meanwhile the orchestrator was there and listened, so from then on the silence is known for what it is:
 * an orchestrator that was away counts silence anew when it is back.
 */
async function cutByJudgement(database: Queryable, holes: readonly Stretch[]): Promise<readonly Stretch[]> {
  if (holes.length === 0) return [];
  const { rows } = await database.query<{ at: Date | null }>(
    `SELECT (SELECT min(at) FROM transitions WHERE at >= hole.since AND at < hole.until AND to_state IN ('late', 'down')) AS at
     FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS hole (since, until, n) ORDER BY n`,
    [holes.map(({ from }) => from), holes.map(({ to }) => to)],
  );
  return holes
    .map(({ from, to }, index) => ({ from, to: rows[index]?.at ?? to }))
    .filter(({ from, to }) => to.getTime() - from.getTime() >= GAP_MS);
}
