-- The history made small: beats rolled up to 5 minutes, hours and days (UTC). Written by roll-up-status.ts, one replica at a time.

-- A figure of a beat, where it is one. Below a thousandth it is 0 and above `most` that: nothing that an agent sends can overflow a sum,
-- or be too small for its column, and so hold up everybody's roll-up.
CREATE FUNCTION beat_figure(holder jsonb, name text, most numeric) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN jsonb_typeof(holder -> name) = 'number' THEN
    CASE WHEN (holder -> name)::numeric < 0.001 THEN 0 ELSE least((holder -> name)::numeric, most) END END::double precision;

-- What stands in a bucket of one AI agent. Rows merge: two of them make the row that both had made together.
CREATE TABLE status_5m (
  server      varchar(100) NOT NULL,
  agent_id    varchar(50) NOT NULL,
  bucket      timestamptz NOT NULL, -- its beginning
  beats       integer NOT NULL,
  -- What the beats stand for: an interval each, or what a rolled-up one says. Means are weighed by it.
  seconds     double precision NOT NULL,
  cpu_min     real, cpu_avg     real, cpu_max     real,
  ram_min     real, ram_avg     real, ram_max     real,
  disk_min    real, disk_avg    real, disk_max    real,
  buffer_min  real, buffer_avg  real, buffer_max  real, -- MB
  debug bigint NOT NULL, info bigint NOT NULL, warn bigint NOT NULL, error bigint NOT NULL, critical bigint NOT NULL,
  -- What the counters in the beats grew by. They are the server's: each of its AI agents tells the same, so they aren't added up over them.
  lost        bigint NOT NULL,
  dropped     bigint NOT NULL,
  backlog_max bigint NOT NULL,
  oldest_unarchived_max real NOT NULL, -- seconds
  worst_status varchar(20) NOT NULL,
  -- read-history: one AI agent's; and what a row is merged by.
  PRIMARY KEY (server, agent_id, bucket)
) PARTITION BY RANGE (bucket);
-- roll-up-status: all of one hour. They are written in the order of time, so a few pages of summaries do.
CREATE INDEX status_5m_bucket ON status_5m USING brin (bucket) WITH (pages_per_range = 32, autosummarize = on);
-- Each table has partitions of its own ahead of time (partitions.ts); what is dated elsewhere stands in these.
CREATE TABLE status_5m_default PARTITION OF status_5m DEFAULT;

CREATE TABLE status_1h (LIKE status_5m INCLUDING ALL) PARTITION BY RANGE (bucket);
CREATE TABLE status_1h_default PARTITION OF status_1h DEFAULT;

CREATE TABLE status_1d (LIKE status_5m INCLUDING ALL) PARTITION BY RANGE (bucket);
CREATE TABLE status_1d_default PARTITION OF status_1d DEFAULT;

-- Where the counters of each buffer stood in the beats that were rolled up last, so that the next ones tell what came since.
CREATE TABLE status_counters (
  server   varchar(100) NOT NULL,
  agent_id varchar(50) NOT NULL,
  epoch    char(16) NOT NULL,
  at       timestamptz NOT NULL,
  lost     bigint NOT NULL,
  dropped  bigint NOT NULL,
  PRIMARY KEY (server, agent_id, epoch)
) WITH (fillfactor = 70);

-- How far the roll-ups are.
CREATE TABLE status_rollup (
  only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  -- Beats up to this id are in status_5m. Ids are given in the order of arrival, whatever a replica's clock says.
  rolled_id   bigint NOT NULL,
  rolled_at   timestamptz, -- what arrived before this is rolled up
  -- What is rolled up next: the newest beat at a time at which some before it weren't committed yet; all are once no transaction
  -- that was at work then (those before `bound_xid`) still is.
  bound_id    bigint NOT NULL,
  bound_at    timestamptz,
  bound_xid   xid8,
  hours_until timestamptz, -- status_1h is whole up to here; what arrives late for the time before is merged into it
  days_until  timestamptz  -- the same for status_1d
);
INSERT INTO status_rollup (rolled_id, bound_id) VALUES (0, 0);
