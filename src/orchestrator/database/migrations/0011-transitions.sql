-- Every change of state of a server and of an AI agent, once; who is taken out of service; and since when the fleet could be heard.

CREATE TABLE transitions (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  server     varchar(100) NOT NULL,
  agent_id   varchar(50), -- null: the server itself
  from_state varchar(20), -- null: it was not known before
  to_state   varchar(20) NOT NULL,
  reason     varchar(200) NOT NULL,
  at         timestamptz NOT NULL -- from when on it holds, by the orchestrator's clock; noticed a moment later
);
-- read-timeline: those of one server or AI agent, over some time.
CREATE INDEX transitions_subject ON transitions (server, agent_id, at, id);
-- sweep-expired: those past retention.
CREATE INDEX transitions_at ON transitions (at);

-- Beats change no state: the watch does, alone, and a beat that may change it makes its row due (record-heartbeats.ts).
ALTER TABLE servers
  ADD COLUMN reason        varchar(200) NOT NULL DEFAULT '',
  -- Since when it is in its state; null: not judged yet.
  ADD COLUMN state_at      timestamptz,
  ADD COLUMN retired_at    timestamptz,
  -- Put back into service, and silence counts from then on.
  ADD COLUMN reinstated_at timestamptz,
  -- How far its clock is ahead of ours, by its own measurement; shown, nothing is judged by it.
  ADD COLUMN clock_skew_ms double precision;
UPDATE servers SET state_at = coalesce(last_seen_at, enrolled_at);

ALTER TABLE agents_latest
  ADD COLUMN state_at       timestamptz,
  ADD COLUMN retired_at     timestamptz,
  ADD COLUMN reinstated_at  timestamptz,
  -- Its own last sign of life by our clock: `last_seen_at` is by its host's, which may be wrong, and may be set.
  ADD COLUMN seen_at        timestamptz,
  ADD COLUMN epoch          char(16) NOT NULL DEFAULT '',
  ADD COLUMN lost_records   bigint NOT NULL DEFAULT 0,
  -- Of them those lost since the beat before.
  ADD COLUMN lost_lately    bigint NOT NULL DEFAULT 0;
UPDATE agents_latest SET state_at = received_at,
  seen_at = received_at - CASE WHEN timestamp > last_seen_at THEN timestamp - last_seen_at WHEN last_seen_at IS NOT NULL THEN '0' END;

-- Since when the fleet could be heard without a gap by some orchestrator on this database: silence before it is nobody's fault.
CREATE TABLE fleet_hearing (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  since    timestamptz NOT NULL,
  heard_at timestamptz NOT NULL, -- the latest round of any orchestrator, by the time that they agree on
  written_by varchar(40) -- the process that wrote that; null: none yet
);
INSERT INTO fleet_hearing (since, heard_at) VALUES ('epoch', 'epoch');
