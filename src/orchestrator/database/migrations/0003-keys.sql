-- Tokens without a bound on their uses, keys that hand over to a successor, and one key told from its copies.

-- Null: reusable, any number of servers may join until it expires or is revoked.
ALTER TABLE enrolment_tokens ALTER COLUMN uses_max DROP NOT NULL;

ALTER TABLE agent_keys
  -- The key that this one takes over from, at its own first use; null: it came from an enrolment.
  ADD COLUMN replaces char(64) REFERENCES agent_keys ON DELETE CASCADE,
  ADD COLUMN first_used_at timestamptz,
  -- Since when the server is asked to exchange this key, where somebody asked by name (age alone needs no note).
  ADD COLUMN rotation_asked_at timestamptz,
  -- The incarnation (below) that was heard last.
  ADD COLUMN incarnation varchar(100);
-- rotate-key: the successor of a key, and what goes with a key that goes.
CREATE INDEX agent_keys_replaces ON agent_keys (replaces);

-- Each process that showed a key: one boot of one host, one start of the agent. A restart brings a new one, and the old never
-- comes back; where two take turns, two machines have one key.
CREATE TABLE agent_incarnations (
  key_sha256    char(64) NOT NULL REFERENCES agent_keys ON DELETE CASCADE,
  incarnation   varchar(100) NOT NULL,
  boot_id       varchar(100), -- null: the host doesn't say
  first_seen_at timestamptz NOT NULL,
  returned_at   timestamptz, -- came back after a younger one had shown itself: both live
  refused_at    timestamptz,
  PRIMARY KEY (key_sha256, incarnation)
);
