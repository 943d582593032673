import { ALERT_SEVERITIES } from '../../../contract/alert.ts';

/** SQL: how bad it is, 1 and up; null of what is none. */
const rankOf = (severity: string) => `array_position(ARRAY[${ALERT_SEVERITIES.map((one) => `'${one}'`)}], ${severity})`;
const RISEN = `event IN ('opened', 'reopened', 'worsened')`;

/**
 * SQL, a list of CTEs that ends in `life`: the alerts that were open at any time from $1 up to, not including, $2, as they stood at $2, from
 * what happened to them until then. So the same comes out whenever it is asked. All is by the orchestrator's clock: an alert that an agent told
 * late opened when it was told.
 *
 * - `opened_at`; `is_new`: it opened since $1; `is_risen`: it opened or became as bad as `rank` since $1;
 * - `rank`: the worst it was since $1 (`ALERT_SEVERITIES`, 1 and up), `rank_at_end`;
 * - `is_open`: at $2; `resolved_at`/`resolved_by`, `acknowledged_at`/`acknowledged_by`: null where they don't hold at $2;
 * - `first_acknowledged_at`.
 */
export const ALERT_LIVES = `candidate AS (
    SELECT alerts.*, coalesce((SELECT min(at) FROM alert_events WHERE alert_id = alerts.id AND event = 'opened'), first_at) AS opened_at
    FROM alerts WHERE state <> 'resolved' OR resolved_at >= $1
  ), story AS (
    SELECT candidate.id, opened_at,
      (array_agg(event ORDER BY happened.id DESC) FILTER (WHERE event <> 'eased'))[1] AS event,
      (array_agg(event ORDER BY happened.id DESC) FILTER (WHERE event <> 'eased' AND at < $1))[1] AS event_before,
      (array_agg(happened.severity ORDER BY happened.id DESC))[1] AS severity,
      (array_agg(happened.severity ORDER BY happened.id DESC) FILTER (WHERE at < $1))[1] AS severity_before,
      max(${rankOf('happened.severity')}) FILTER (WHERE at >= $1 AND ${RISEN}) AS risen_to,
      max(happened.id) FILTER (WHERE ${RISEN}) AS risen_id,
      min(at) FILTER (WHERE event = 'acknowledged') AS first_acknowledged_at
    FROM candidate LEFT JOIN alert_events AS happened ON alert_id = candidate.id AND at < $2
    WHERE opened_at < $2
    GROUP BY candidate.id, opened_at
  ), life AS (
    SELECT candidate.id, candidate.kind, candidate.server, candidate.agent_id, candidate.first_at, candidate.title, story.opened_at,
      story.opened_at >= $1 AS is_new,
      coalesce(risen_to, 0) > 0 AND risen_to >= rank AS is_risen, rank,
      coalesce(${rankOf('story.severity')}, ${rankOf('candidate.severity')}) AS rank_at_end,
      event IS DISTINCT FROM 'resolved' AS is_open,
      CASE WHEN event = 'resolved' THEN told.at END AS resolved_at, CASE WHEN event = 'resolved' THEN told.by_whom END AS resolved_by,
      seen.at AS acknowledged_at, seen.by_whom AS acknowledged_by, first_acknowledged_at
    FROM story JOIN candidate USING (id)
    CROSS JOIN LATERAL (SELECT greatest(
      CASE WHEN story.opened_at < $1 AND event_before IS DISTINCT FROM 'resolved'
        THEN coalesce(${rankOf('severity_before')}, ${rankOf('candidate.severity')}) END,
      risen_to, CASE WHEN risen_to IS NULL THEN ${rankOf('coalesce(story.severity, candidate.severity)')} END) AS rank) AS worst
    LEFT JOIN LATERAL (SELECT at, by_whom FROM alert_events WHERE alert_id = story.id AND event = 'resolved' AND at < $2
      ORDER BY id DESC LIMIT 1) AS told ON true
    LEFT JOIN LATERAL (SELECT at, by_whom FROM alert_events WHERE alert_id = story.id AND event = 'acknowledged' AND at < $2
      AND alert_events.id > coalesce(risen_id, 0) ORDER BY id DESC LIMIT 1) AS seen ON true
    -- What was over before it began, and did not come back in it, is told of by the reports before.
    WHERE story.opened_at >= $1 OR event_before IS DISTINCT FROM 'resolved' OR risen_to IS NOT NULL
  )`;
