import { text } from 'node:stream/consumers';
import type pg from 'pg';
import { Database } from '../src/orchestrator/database/database.ts';
import { migrate } from '../src/orchestrator/database/migrate.ts';
import { tendPartitions } from '../src/orchestrator/database/partitions.ts';
import { rollUpOnce } from '../src/orchestrator/database/queries/roll-up-status.ts';
import { FIGURES } from '../src/orchestrator/database/rollup-columns.ts';
import { DEFAULT_HISTORY } from '../src/orchestrator/history/resolutions.ts';
import { systemClock } from '../src/platform/clock.ts';
import { silentLogger } from '../src/platform/logger.ts';

const DAY_MS = 86_400_000;

export interface ReportHistory {
  readonly agents: number;
  readonly servers: number;
  /** Epoch ms: the day that is reported of, which is over at its end. */
  readonly dayAt: number;
  /** Days before it, of which there are roll-ups of hours. */
  readonly daysBefore: number;
  /** All of the day's beats are stored and rolled up; else those of its last hour. */
  readonly rawBeats: boolean;
}

const TEMPLATES = 2_000;
/** SQL: the server and the name of the AI agent `n`. */
const namesOf = (servers: number) =>
  `'SERVER' || lpad((n % ${servers})::text, 4, '0') AS server, 'AGENT-' || lpad(n::text, 4, '0') AS agent_id`;

/** Minutes of the day of which rows of five minutes are inserted where not all beats are. */
const ROLLED_MINUTES = 1_380;

/**
 * A fleet's history in a fresh database. The last hour of the day is beats, one a minute of each AI agent, in `agent_status` as the orchestrator
 * stores them, rolled up by the orchestrator's own code; the hours before are rows of five minutes as that code leaves them (`rawBeats`: beats as
 * well, which takes minutes), of which it makes the hours. The days before are rows of the hourly roll-up. One AI agent in ten had an outage that
 * day. Everything is made in Postgres, and by a process of its own: the one that is measured later must not have grown by it.
 */
export async function makeReportHistory(database: Database, history: ReportHistory): Promise<void> {
  const { agents, servers, dayAt, daysBefore } = history;
  const from = new Date(dayAt - daysBefore * DAY_MS);
  await tendPartitions(database, dayAt, DEFAULT_HISTORY);
  const fleet = `generate_series(0, ${agents - 1}) AS n`;
  const names = namesOf(servers);
  const patient = { patient: true } as const;
  await database.query(
    `INSERT INTO servers (server, enrolled_at, last_seen_at, state, state_at, next_judged_at)
     SELECT DISTINCT server, $1::timestamptz, $2::timestamptz, 'up', $1::timestamptz, $2::timestamptz FROM (SELECT ${names} FROM ${fleet}) AS fleet`,
    [from, new Date(dayAt + DAY_MS)],
    patient,
  );
  const fromMinute = history.rawBeats ? 0 : ROLLED_MINUTES;
  if (!history.rawBeats) await insertRolledUp(database, history, names, fleet);
  for (let minute = fromMinute; minute < 1_440; minute += 60) {
    await database.query(
      `INSERT INTO agent_status (agent_id, server, timestamp, status, metrics, alerts, last_action, uptime_seconds, received_at, epoch,
         backlog_records, detail)
       SELECT agent_id, server, at, 'healthy', jsonb_build_object('cpu_percent', (n * 7 + minute) % 90, 'ram_percent', 40 + (n + minute / 60) % 40,
           'disk_percent', 20 + n % 60, 'buffer_size_mb', 0.5), '[]', 'code_review', minute * 60, at, '0123456789abcdef', 3,
         jsonb_build_object('level_counts', jsonb_build_object('DEBUG', 1, 'INFO', 30 + n % 20, 'WARN', 1, 'ERROR', (n + minute) % 3 / 2, 'CRITICAL', 0),
           'lost_records', 0, 'dropped_records', minute, 'oldest_unarchived_seconds', 20)
       FROM (SELECT n, ${names}, minute, $1::timestamptz + minute * interval '1 minute' + n % 60 * interval '1 second' AS at
         FROM ${fleet}, generate_series($2::int, $2::int + 59) AS minute) AS beat
       WHERE n % 10 <> 0 OR minute NOT BETWEEN 190 + n % 100 AND 203 + n % 100`,
      [new Date(dayAt), minute],
      patient,
    );
  }
  await database.query(
    `INSERT INTO agents_latest (server, agent_id, timestamp, received_at, status, metrics, uptime_seconds, backlog_records,
       oldest_unarchived_seconds, agent_version, state, reason, next_judged_at, state_at)
     SELECT server, agent_id, $2::timestamptz, $2::timestamptz, 'healthy', '{}', 0, 3, 20, '0.1.0', 'up', 'beats arrive on time', $2::timestamptz, $1::timestamptz FROM (SELECT ${names} FROM ${fleet}) AS fleet`,
    [from, new Date(dayAt + DAY_MS)],
    patient,
  );
  await database.query(
    `INSERT INTO transitions (server, agent_id, from_state, to_state, reason, at)
     SELECT DISTINCT server, NULL, NULL, 'up', 'beats arrive on time', $1::timestamptz FROM (SELECT ${names} FROM ${fleet}) AS fleet
     UNION ALL SELECT server, agent_id, NULL, 'up', 'beats arrive on time', $1::timestamptz FROM (SELECT ${names} FROM ${fleet}) AS fleet
     UNION ALL
     SELECT server, agent_id, was, state, 'no heartbeat for more than 5m', $2::timestamptz + (minute + n % 100) * interval '1 minute'
     FROM (SELECT n, ${names} FROM ${fleet} WHERE n % 10 = 0) AS fleet,
       (VALUES (192, 'up', 'late'), (195, 'late', 'down'), (204, 'down', 'up')) AS change (minute, was, state)`,
    [from, new Date(dayAt)],
    patient,
  );
  const outcomes: string[] = [];
  for (let outcome = 'more'; outcome !== 'done' && outcomes.length < 5_000; outcomes.push(outcome))
    outcome = await rollUpOnce(database, {
      now: dayAt + DAY_MS + 1_200_000,
      intervalMs: 60_000,
      keep: DEFAULT_HISTORY,
    });
  await database.query(
    `INSERT INTO status_1h (server, agent_id, bucket, ${FIGURES})
     SELECT server, agent_id, hour, ${FIGURES}
     FROM (SELECT DISTINCT ON (server, agent_id) * FROM status_1h WHERE bucket >= $1 ORDER BY server, agent_id, bucket) AS pattern,
       generate_series($2::timestamptz, $1::timestamptz - interval '1 hour', interval '1 hour') AS hour`,
    [new Date(dayAt), from],
    patient,
  );
  await insertWork(database, history);
  await database.query('ANALYZE', [], patient);
}

/** Templates by the hour of the day and of the one before, ten of each AI agent, of 2,000 in all; and each AI agent's calls of its model, of all days. */
async function insertWork(database: Database, { agents, servers, dayAt, daysBefore }: ReportHistory): Promise<void> {
  const patient = { patient: true } as const;
  const hours = (from: number) =>
    `generate_series(to_timestamp(${from / 1_000}), to_timestamp(${(dayAt + DAY_MS) / 1_000}) - interval '1 hour', interval '1 hour') AS hour`;
  const fleet = `(SELECT n, ${namesOf(servers)} FROM generate_series(0, ${agents - 1}) AS n) AS fleet`;
  await database.query(
    `INSERT INTO templates (template, text, first_seen_at, last_seen_at, is_alert, score)
     SELECT lpad(to_hex(t), 16, '0'), 'request ' || t || ' of <name> took <number> ms', $1::timestamptz - (t % 90) * interval '1 day', $1, false, 0
     FROM generate_series(0, ${TEMPLATES - 1}) AS t`,
    [new Date(dayAt + DAY_MS - 1)],
    patient,
  );
  await database.query(
    `INSERT INTO template_hours (template, hour, agent_id, level, lines, is_alert)
     SELECT lpad(to_hex((n * 7 + t * 13) % ${TEMPLATES}), 16, '0'), hour, agent_id, CASE t WHEN 0 THEN 'ERROR' ELSE 'INFO' END, 100 + t, t = 0
     FROM ${hours(dayAt - DAY_MS)}, ${fleet}, generate_series(0, 9) AS t`,
    [],
    patient,
  );
  await database.query(
    `INSERT INTO template_counts (template, day, agent_id, level, lines)
     SELECT template, (hour AT TIME ZONE 'UTC')::date, agent_id, level, sum(lines) FROM template_hours GROUP BY 1, 2, 3, 4`,
    [],
    patient,
  );
  await database.query(
    `INSERT INTO ai_work_hours (server, agent_id, hour, model, calls, failed_calls, input_tokens, output_tokens, tool_calls, tool_failures, cost_usd,
       costed_calls, uncosted_input_tokens, uncosted_output_tokens)
     SELECT server, agent_id, hour, 'model-' || n % 5, 20, 1, 40000, 9000, 12, 1, 0.255, 20, 0, 0 FROM ${hours(dayAt - daysBefore * DAY_MS)}, ${fleet}`,
    [],
    patient,
  );
}

async function insertRolledUp(
  database: Database,
  { dayAt }: ReportHistory,
  names: string,
  fleet: string,
): Promise<void> {
  const vital = (name: string, mean: string, spread: number) =>
    `${mean} - ${spread} AS ${name}_min, ${mean} AS ${name}_avg, ${mean} + ${spread} AS ${name}_max`;
  await database.query(
    `INSERT INTO status_5m (server, agent_id, bucket, beats, seconds, cpu_min, cpu_avg, cpu_max, ram_min, ram_avg, ram_max, disk_min, disk_avg,
       disk_max, buffer_min, buffer_avg, buffer_max, debug, info, warn, error, critical, lost, dropped, backlog_max, oldest_unarchived_max, worst_status)
     SELECT server, agent_id, $1::timestamptz + step * interval '5 minutes', 5, 300, ${vital('cpu', '(10 + (n * 7 + step) % 80)', 5)},
       ${vital('ram', '(40 + (n + step / 12) % 40)', 1)}, ${vital('disk', '(20 + n % 60)', 0)}, ${vital('buffer', '0.5', 0)},
       5, 150 + 5 * (n % 20), 5, (n + step) % 3, 0, 0, 5, 3, 20, 'healthy'
     FROM (SELECT n, ${names}, step FROM generate_series(0, ${ROLLED_MINUTES / 5 - 1}) AS step, ${fleet}) AS row
     WHERE n % 10 <> 0 OR step * 5 NOT BETWEEN 190 + n % 100 AND 203 + n % 100`,
    [new Date(dayAt)],
    { patient: true },
  );
}

/** As a program: in the database that standard input tells of. */
if (import.meta.main) {
  const given = JSON.parse(await text(process.stdin)) as { connection: pg.PoolConfig; history: ReportHistory };
  const { connection, history } = given;
  await using database = new Database({ connection, clock: systemClock, logger: silentLogger, connectionsMax: 2 });
  await migrate(database, systemClock);
  await makeReportHistory(database, history);
}
