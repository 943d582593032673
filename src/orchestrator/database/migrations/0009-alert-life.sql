-- The life of an alert: open, acknowledged, resolved, and perhaps open again; whom it was told to, and who wants quiet.

ALTER TABLE alerts
  -- Who found the trouble: an agent, or the orchestrator itself. Their names for it (dedup_key) don't meet.
  ADD COLUMN origin varchar(20) NOT NULL DEFAULT 'agent' CHECK (origin IN ('agent', 'orchestrator')),
  -- The report that was counted last, by the agent's own number; one that comes again after a lost answer isn't counted twice.
  ADD COLUMN report_id varchar(64),
  -- When it was told last, by the orchestrator's clock: an agent that was away tells of what happened long ago.
  ADD COLUMN heard_at timestamptz,
  ADD COLUMN group_id bigint, -- what it is told together with; null: not planned yet
  ADD COLUMN resolved_at timestamptz,
  ADD COLUMN resolved_by varchar(100), -- null: by itself
  ADD COLUMN reopened integer NOT NULL DEFAULT 0; -- how often it came back soon after it was over
UPDATE alerts SET origin = 'orchestrator' WHERE server = 'orchestrator';
UPDATE alerts SET heard_at = last_at, resolved_at = CASE WHEN state = 'resolved' THEN last_at END;
ALTER TABLE alerts ALTER COLUMN heard_at SET NOT NULL;

DROP INDEX alerts_dedup;
-- record-alerts: the same trouble told again counts up; the newest of its name.
CREATE UNIQUE INDEX alerts_dedup ON alerts (server, origin, dedup_key) WHERE state <> 'resolved';
CREATE INDEX alerts_name ON alerts (server, origin, dedup_key, id DESC);
-- read-alerts, the page: what isn't over, however old.
CREATE INDEX alerts_unresolved ON alerts (last_at DESC, id DESC) WHERE state <> 'resolved';
-- plan-notifications: whether a group still has something open.
CREATE INDEX alerts_group ON alerts (group_id);

-- What happened to an alert, for its timeline; and what is still to be turned into notifications.
CREATE TABLE alert_events (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
  at       timestamptz NOT NULL,
  event    varchar(20) NOT NULL,
  severity varchar(20) NOT NULL, -- as it was from then on
  by_whom  varchar(100), -- null: by itself
  note     varchar(500),
  planned  boolean NOT NULL DEFAULT false
);
CREATE INDEX alert_events_alert ON alert_events (alert_id, id);
-- plan-notifications: empty nearly always.
CREATE INDEX alert_events_unplanned ON alert_events (id) WHERE NOT planned;

-- What is told as one: a rack of 40 silent servers is one trouble to whoever is called for it. It lives until all of it is over.
CREATE TABLE alert_groups (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key         varchar(300) NOT NULL,
  opened_at   timestamptz NOT NULL,
  -- All of it is over; it closes then unless something of it comes back before (what flaps waits).
  closing_at  timestamptz,
  closed_at   timestamptz,
  reminded_at timestamptz -- when people were last told again that it goes on
);
CREATE UNIQUE INDEX alert_groups_open ON alert_groups (key) WHERE closed_at IS NULL;
-- close-groups: what is over; empty nearly always.
CREATE INDEX alert_groups_closing ON alert_groups (closing_at) WHERE closed_at IS NULL AND closing_at IS NOT NULL;

-- The delivery record: one row for each thing that a channel is to tell.
CREATE TABLE notifications (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  group_id      bigint NOT NULL REFERENCES alert_groups ON DELETE CASCADE,
  channel       varchar(50) NOT NULL,
  event         varchar(20) NOT NULL,
  severity      varchar(20) NOT NULL, -- the worst of what it tells
  -- told: the provider has it; moot: over before it was told, so nobody was; failed: given up, which is an alert itself.
  state         varchar(20) NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'told', 'moot', 'failed')),
  held          varchar(20), -- why it waits though its time had come: silenced, quiet hours
  created_at    timestamptz NOT NULL,
  due_at        timestamptz NOT NULL,
  attempts      integer NOT NULL DEFAULT 0,
  -- A replica is at it until then; one that was killed is followed by another.
  claimed_by    varchar(40),
  claimed_until timestamptz,
  ended_at      timestamptz,
  provider_id   varchar(300),
  error         varchar(1000)
);
-- claim-notification: what is due.
CREATE INDEX notifications_due ON notifications (due_at, id) WHERE state = 'waiting';
-- plan-notifications: what a channel was told of a group; read-alert: the record of an alert.
CREATE INDEX notifications_group ON notifications (group_id, channel, id);

CREATE TABLE notification_alerts (
  notification_id bigint NOT NULL REFERENCES notifications ON DELETE CASCADE,
  alert_id        bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
  PRIMARY KEY (notification_id, alert_id)
);
CREATE INDEX notification_alerts_alert ON notification_alerts (alert_id);

-- Alerts that match are kept and shown, and told to nobody meanwhile: a silence, or a maintenance that was announced.
CREATE TABLE silences (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Patterns with * and ?; null: any.
  server     varchar(100),
  agent_id   varchar(100),
  kind       varchar(100),
  alert_id   bigint REFERENCES alerts ON DELETE CASCADE, -- this one alone
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL CHECK (ends_at >= starts_at),
  reason     varchar(500) NOT NULL,
  created_by varchar(100) NOT NULL,
  created_at timestamptz NOT NULL,
  ended_by   varchar(100)
);
-- claim-notification: those that hold now.
CREATE INDEX silences_ends ON silences (ends_at);
