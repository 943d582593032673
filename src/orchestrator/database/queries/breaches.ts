import type { Breach, Latch } from '../../alerts/thresholds/step-breach.ts';
import type { Queryable } from '../database.ts';

/** Whose a breach is. */
export interface BreachSubject {
  readonly server: string;
  /** `null`: the whole server. */
  readonly agentId: string | null;
}

export interface StoredBreach extends BreachSubject {
  /** As in thresholds.yaml. */
  readonly threshold: string;
  readonly breach: Breach;
}

export interface ChangedBreach extends BreachSubject {
  readonly threshold: string;
  /** `undefined`: it is over, and forgotten. */
  readonly breach: Breach | undefined;
  /** Epoch ms; `undefined`: only a beat changes it. */
  readonly nextAt: number | undefined;
}

export interface DueBreaches {
  /** Epoch ms, as `freshAfter`: who was not heard since has no news to be judged by. */
  readonly now: number;
  readonly freshAfter: number;
  /** Also those of whom there is nothing new, as after a change of the limits. */
  readonly all: boolean;
  /** Where the page before has ended. */
  readonly after: BreachSubject | undefined;
  readonly limit: number;
}

/** Those of whom a breach is to be looked at: something was heard of them since, or its time has come, or they are out of service. */
export async function findDueBreaches(
  database: Queryable,
  { now, freshAfter, all, after, limit }: DueBreaches,
): Promise<BreachSubject[]> {
  const { rows } = await database.query<{ server: string; agent_id: string }>(
    `SELECT DISTINCT breaches.server, breaches.agent_id FROM breaches
     LEFT JOIN servers ON servers.server = breaches.server
     LEFT JOIN LATERAL (
       SELECT max(latest.received_at) AS at FROM agents_latest latest
       WHERE latest.server = breaches.server AND (breaches.agent_id = '' OR latest.agent_id = breaches.agent_id)
         AND latest.state NOT IN ('retired', 'revoked')
     ) heard ON true
     WHERE (breaches.server, breaches.agent_id) > ($4, $5)
       AND (heard.at > $2 AND ($3 OR breaches.next_at <= $1 OR heard.at <> breaches.seen_at)
         OR heard.at IS NULL OR servers.state IN ('retired', 'revoked') OR servers.revoked_at IS NOT NULL)
     ORDER BY breaches.server, breaches.agent_id LIMIT $6`,
    [new Date(now), new Date(freshAfter), all, after?.server ?? '', after?.agentId ?? '', limit],
    { name: 'find-due-breaches' },
  );
  return rows.map(toSubject);
}

interface BreachRow {
  readonly server: string;
  readonly agent_id: string;
  readonly threshold: string;
  readonly seen_at: Date;
  readonly warning_since: Date | null;
  readonly warning_told: boolean;
  readonly warning_clear_since: Date | null;
  readonly critical_since: Date | null;
  readonly critical_told: boolean;
  readonly critical_clear_since: Date | null;
}

/** The breaches of these. */
export async function readBreaches(database: Queryable, subjects: readonly BreachSubject[]): Promise<StoredBreach[]> {
  const { rows } = await database.query<BreachRow>(
    `SELECT server, agent_id, threshold, seen_at, warning_since, warning_told, warning_clear_since,
       critical_since, critical_told, critical_clear_since
     FROM breaches WHERE (server, agent_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [subjects.map(({ server }) => server), subjects.map(({ agentId }) => agentId ?? '')],
    { name: 'read-breaches' },
  );
  return rows.map((row) => ({
    ...toSubject(row),
    threshold: row.threshold,
    breach: {
      seenAt: row.seen_at.getTime(),
      warning: toLatch(row.warning_since, row.warning_told, row.warning_clear_since),
      critical: toLatch(row.critical_since, row.critical_told, row.critical_clear_since),
    },
  }));
}

/** Stores what has become of breaches. */
export async function writeBreaches(database: Queryable, changed: readonly ChangedBreach[]): Promise<void> {
  const over = changed.filter(({ breach }) => breach === undefined);
  if (over.length > 0)
    await database.query(
      `DELETE FROM breaches WHERE (server, agent_id, threshold) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))`,
      keyColumns(over),
    );
  const stand = changed.flatMap(({ breach, ...key }) => (breach === undefined ? [] : [{ ...key, ...breach }]));
  if (stand.length === 0) return;
  await database.query(
    `INSERT INTO breaches (server, agent_id, threshold, seen_at, next_at, warning_since, warning_told, warning_clear_since,
       critical_since, critical_told, critical_clear_since)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::boolean[],
       $8::timestamptz[], $9::timestamptz[], $10::boolean[], $11::timestamptz[])
     ON CONFLICT (server, agent_id, threshold) DO UPDATE SET
       seen_at = excluded.seen_at, next_at = excluded.next_at,
       warning_since = excluded.warning_since, warning_told = excluded.warning_told,
       warning_clear_since = excluded.warning_clear_since, critical_since = excluded.critical_since,
       critical_told = excluded.critical_told, critical_clear_since = excluded.critical_clear_since`,
    [
      ...keyColumns(stand),
      stand.map(({ seenAt }) => new Date(seenAt)),
      stand.map(({ nextAt }) => dateOrNull(nextAt)),
      ...latchColumns(stand.map(({ warning }) => warning)),
      ...latchColumns(stand.map(({ critical }) => critical)),
    ],
    { name: 'write-breaches' },
  );
}

function keyColumns(rows: readonly (BreachSubject & { readonly threshold: string })[]): readonly string[][] {
  return [
    rows.map(({ server }) => server),
    rows.map(({ agentId }) => agentId ?? ''),
    rows.map(({ threshold }) => threshold),
  ];
}

function latchColumns(latches: readonly (Latch | undefined)[]): readonly unknown[][] {
  return [
    latches.map((latch) => dateOrNull(latch?.since)),
    latches.map((latch) => latch?.told === true),
    latches.map((latch) => dateOrNull(latch?.clearSince)),
  ];
}

function toLatch(since: Date | null, told: boolean, clearSince: Date | null): Latch | undefined {
  return since === null ? undefined : { since: since.getTime(), told, clearSince: clearSince?.getTime() };
}

function toSubject({ server, agent_id: agentId }: { readonly server: string; readonly agent_id: string }) {
  return { server, agentId: agentId === '' ? null : agentId };
}

function dateOrNull(at: number | undefined): Date | null {
  return at === undefined ? null : new Date(at);
}
