-- What reports need to tell a local day as it stood at its end: alerts by quarter-hour, templates by hour, and the work of AI agents.

-- How an alert stood: one row for each quarter-hour in which it was told. A count that grows the next day, and a title that tells the value
-- of then, must not change the report of the day before. Zones differ by quarter-hours, so that days of each are sums of these.
CREATE TABLE alert_tellings (
  alert_id bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
  bucket   timestamptz NOT NULL, -- its beginning, by the orchestrator's clock
  count    bigint NOT NULL, -- told within it
  last_at  timestamptz NOT NULL,
  title    varchar(500) NOT NULL, -- as it was told last within it
  PRIMARY KEY (alert_id, bucket)
);
INSERT INTO alert_tellings (alert_id, bucket, count, last_at, title)
SELECT id, date_bin('15 minutes', heard_at, 'epoch'), count, last_at, title FROM alerts;
-- alerts-facts: what was not over when a period began; sweep-expired: what has been over for long.
CREATE INDEX alerts_resolved ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
-- alerts-facts: what happened within a period.
CREATE INDEX alert_events_at ON alert_events (at);
