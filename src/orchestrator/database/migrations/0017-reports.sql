-- Reports: the facts of a period, versioned; the files made from them; what each shelf has of them.

-- One row a period that a report was wanted of. It is also the claim: whoever makes it holds it until `claimed_until`.
CREATE TABLE reports (
  kind          varchar(10) NOT NULL CHECK (kind IN ('daily', 'weekly', 'monthly', 'critical')),
  period        varchar(10) NOT NULL, -- 2025-12-10, 2025-W50, 2025-12
  time_zone     varchar(64) NOT NULL, -- of the newest version
  starts_at     timestamptz NOT NULL,
  ends_at       timestamptz NOT NULL,
  version       integer NOT NULL DEFAULT 0, -- the newest; 0: there is none yet
  light         varchar(10), -- of the newest version
  sent          integer NOT NULL DEFAULT 0, -- the version that shelves were last asked to take
  -- When it is to be made, or looked at again; null: not by itself.
  due_at        timestamptz,
  looked_at     timestamptz, -- when it was gathered last, whether or not that said anything new; null: not yet
  -- Somebody asked for it: it is rendered anew even if the facts are the same, and also where reports aren't made by themselves.
  wanted        boolean NOT NULL DEFAULT false,
  claimed_by    varchar(40),
  claimed_until timestamptz,
  failures      integer NOT NULL DEFAULT 0, -- in a row
  error         varchar(1000),
  PRIMARY KEY (kind, period)
);
-- list-reports: the newest first, of all kinds.
CREATE INDEX reports_newest ON reports (ends_at DESC, kind, period);
-- claim-report: what is due.
CREATE INDEX reports_due ON reports (due_at) WHERE due_at IS NOT NULL;

-- No row of these is ever changed: a version is a fact.
CREATE TABLE report_facts (
  kind        varchar(10) NOT NULL,
  period      varchar(10) NOT NULL,
  version     integer NOT NULL,
  -- Not jsonb: that orders keys anew, and what is rendered from it must be what was rendered from it first.
  facts       json NOT NULL,
  -- Over what the facts say, without their version and when they were gathered: whether a later gathering says anything new.
  sha256      char(64) NOT NULL,
  gathered_at timestamptz NOT NULL,
  PRIMARY KEY (kind, period, version),
  FOREIGN KEY (kind, period) REFERENCES reports ON DELETE CASCADE
);

-- The files of the newest version, as they were rendered first: what is asked for again is the same bytes.
CREATE TABLE report_files (
  kind        varchar(10) NOT NULL,
  period      varchar(10) NOT NULL,
  lang        varchar(2) NOT NULL,
  format      varchar(4) NOT NULL,
  version     integer NOT NULL,
  bytes       integer NOT NULL,
  sha256      char(64) NOT NULL,
  rendered_at timestamptz NOT NULL,
  title       varchar(300) NOT NULL, -- for people, in its language
  summary     varchar(2000) NOT NULL,
  content     bytea, -- null: past keep_files; made again from the facts when somebody asks
  PRIMARY KEY (kind, period, lang, format),
  FOREIGN KEY (kind, period) REFERENCES reports ON DELETE CASCADE
);

-- What each shelf is to have, and has.
CREATE TABLE report_deliveries (
  kind          varchar(10) NOT NULL,
  period        varchar(10) NOT NULL,
  shelf         varchar(50) NOT NULL,
  lang          varchar(2) NOT NULL,
  format        varchar(4) NOT NULL,
  path          varchar(300) NOT NULL,
  state         varchar(20) NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  wanted        integer NOT NULL, -- the version that it is to have
  wanted_at     timestamptz NOT NULL,
  version       integer, -- the version that it has; null: none
  attempts      integer NOT NULL DEFAULT 0, -- since it was wanted
  due_at        timestamptz, -- null: not by itself
  claimed_by    varchar(40),
  claimed_until timestamptz,
  tried_at      timestamptz, -- when an attempt ended last
  delivered_at  timestamptz,
  shelf_id      varchar(300), -- the shelf's own id of the file
  link          varchar(1000),
  error_code    varchar(50),
  error         varchar(1000), -- of the last attempt; null: it succeeded
  hint          varchar(1000),
  PRIMARY KEY (kind, period, shelf, lang, format),
  FOREIGN KEY (kind, period) REFERENCES reports ON DELETE CASCADE
);
-- claim-delivery: what is due.
CREATE INDEX report_deliveries_due ON report_deliveries (due_at) WHERE state = 'waiting';

-- What a shelf wrote down before it acted: the id that a file or folder is to have.
CREATE TABLE shelf_notes (
  shelf varchar(50) NOT NULL,
  key   varchar(400) NOT NULL,
  value varchar(1000) NOT NULL,
  PRIMARY KEY (shelf, key)
);

-- critical-days: since when an alert is critical.
CREATE INDEX alert_events_critical ON alert_events (at) WHERE severity = 'critical';
