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

-- What came into the archive, by quarter-hours of its windows, and how much stood there, as changes by the quarter-hours in which they were
-- noted. Reports ask for many days at once, also for days whose logs have been removed since; the catalog itself has a row a batch.
CREATE TABLE archive_arrivals (
  bucket     timestamptz PRIMARY KEY, -- its beginning; of windows
  objects    bigint NOT NULL,
  records    bigint NOT NULL,
  bytes      bigint NOT NULL,
  text_bytes bigint NOT NULL
);
INSERT INTO archive_arrivals
SELECT date_bin('15 minutes', window_at, 'epoch'), count(*), sum(records), sum(bytes), sum(text_bytes)
FROM archive_objects WHERE state = 'archived' GROUP BY 1;

CREATE TABLE archive_standing (
  bucket  timestamptz PRIMARY KEY, -- its beginning; by the orchestrator's clock
  objects bigint NOT NULL, -- more, or less, than before
  bytes   bigint NOT NULL
);
INSERT INTO archive_standing
SELECT date_bin('15 minutes', archived_at, 'epoch'), count(*), sum(bytes)
FROM archive_objects WHERE state = 'archived' AND missing_at IS NULL GROUP BY 1;
-- archive-facts: what waits, and what was archived since some instant. Rows come nearly in the order of that, so a few pages of summaries do.
CREATE INDEX archive_objects_waiting ON archive_objects (announced_at) WHERE archived_at IS NULL;
CREATE INDEX archive_objects_archived ON archive_objects USING brin (archived_at) WITH (pages_per_range = 32, autosummarize = on);

-- As template_counts, by the hour: local days are made of hours. Kept for some days only, for there are many.
CREATE TABLE template_hours (
  template varchar(16) COLLATE "C" NOT NULL,
  hour     timestamptz NOT NULL, -- its beginning, UTC, by the server's clock
  agent_id varchar(50) NOT NULL,
  level    varchar(8) NOT NULL,
  lines    bigint NOT NULL,
  is_alert boolean NOT NULL, -- what some server thought of the template then: it may think otherwise tomorrow
  -- record-templates: what is added to; template-facts: those of some templates over some hours.
  PRIMARY KEY (template, hour, agent_id, level)
) PARTITION BY RANGE (hour);
-- template-facts: all of a period.
CREATE INDEX template_hours_hour ON template_hours USING brin (hour) WITH (pages_per_range = 32, autosummarize = on);
-- Days get partitions of their own ahead of time (partitions.ts).
CREATE TABLE template_hours_default PARTITION OF template_hours DEFAULT;

-- What AI agents did with models, as their records tell it (contract/triage.ts AiWorkCount).
CREATE TABLE ai_work_hours (
  server        varchar(100) NOT NULL,
  agent_id      varchar(50) NOT NULL,
  hour          timestamptz NOT NULL, -- its beginning, UTC, by the server's clock
  model         varchar(100) NOT NULL, -- empty: it isn't said
  calls         bigint NOT NULL,
  failed_calls  bigint NOT NULL,
  input_tokens  bigint NOT NULL,
  output_tokens bigint NOT NULL,
  tool_calls    bigint NOT NULL,
  tool_failures bigint NOT NULL,
  cost_usd      numeric(30, 9) NOT NULL, -- of those whose records tell it, exactly: sums in any order are the same
  costed_calls  bigint NOT NULL,
  uncosted_input_tokens  bigint NOT NULL,
  uncosted_output_tokens bigint NOT NULL,
  -- record-templates: what is added to.
  PRIMARY KEY (server, agent_id, hour, model)
) PARTITION BY RANGE (hour);
-- ai-work-facts: all of a period.
CREATE INDEX ai_work_hours_hour ON ai_work_hours (hour);
-- Months get partitions of their own ahead of time (partitions.ts).
CREATE TABLE ai_work_hours_default PARTITION OF ai_work_hours DEFAULT;
