-- The templates of the fleet's log lines, as the servers' triage finds them, and how many lines each had.

CREATE TABLE templates (
  template      varchar(16) COLLATE "C" PRIMARY KEY, -- the beginning of the SHA-256 of its text
  text          varchar(2000) NOT NULL,
  first_seen_at timestamptz NOT NULL, -- on any server, never in the future
  last_seen_at  timestamptz NOT NULL,
  is_alert      boolean NOT NULL, -- what the server that told it last thinks
  score         real NOT NULL
);
-- read-templates: the one seen last first; sweep: those that nobody has seen for long.
CREATE INDEX templates_last_seen ON templates (last_seen_at DESC, template DESC);
-- read-templates: the new ones.
CREATE INDEX templates_first_seen ON templates (first_seen_at DESC, template DESC);

-- Ids that a template had before it became more general. Two servers may have made different ones of the same.
CREATE TABLE template_aliases (
  alias    varchar(16) COLLATE "C" NOT NULL,
  template varchar(16) COLLATE "C" NOT NULL REFERENCES templates ON DELETE CASCADE,
  PRIMARY KEY (alias, template)
);
-- read-template: the older ids of one; and what is removed with it.
CREATE INDEX template_aliases_template ON template_aliases (template);

CREATE TABLE template_counts (
  template varchar(16) COLLATE "C" NOT NULL,
  day      date NOT NULL, -- UTC, by the server's clock
  agent_id varchar(50) NOT NULL,
  level    varchar(8) NOT NULL,
  lines    bigint NOT NULL,
  -- read-templates: those of some templates over some days; and what is added to.
  PRIMARY KEY (template, day, agent_id, level)
) PARTITION BY RANGE (day);
-- Months get partitions of their own ahead of time (partitions.ts).
CREATE TABLE template_counts_default PARTITION OF template_counts DEFAULT;

-- What each server told last, so that nothing is counted twice, and how many new templates it has told today.
CREATE TABLE template_senders (
  server      varchar(100) PRIMARY KEY,
  request_ids text[] NOT NULL, -- the latest, oldest first
  day         date NOT NULL,
  new_today   integer NOT NULL
);
