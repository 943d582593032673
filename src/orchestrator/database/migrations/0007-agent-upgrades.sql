-- Which servers are to run the one-file agent that this orchestrator hands out, and how it went. One row a server: its latest.
CREATE TABLE agent_upgrades (
  server        varchar(100) PRIMARY KEY REFERENCES servers ON DELETE CASCADE,
  version       text NOT NULL,
  bundle_sha256 char(64) NOT NULL,
  bundle_bytes  bigint NOT NULL,
  state         text NOT NULL CHECK (state IN ('asked', 'offered', 'done', 'failed', 'refused')),
  reason        text,
  asked_by      text NOT NULL,
  asked_at      timestamptz NOT NULL,
  offered_at    timestamptz,
  finished_at   timestamptz
);
-- upgrade-orders: who is still to be told; empty nearly always.
CREATE INDEX agent_upgrades_open ON agent_upgrades (server) WHERE state IN ('asked', 'offered');
