-- Names this installation, its copies restored from a backup included: a bucket may hold backups of several.
CREATE TABLE installation (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  id       char(32) NOT NULL
);
INSERT INTO installation (id) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- Backups of this database in the archive, and which replica is at one. The archive's manifests are the truth; this is their catalog,
-- and the claim: a row that runs is its replica's as long as it renews the lease.
CREATE TABLE backups (
  run         char(12) PRIMARY KEY, -- names its objects
  day         date NOT NULL,        -- local, as in their names
  night       date NOT NULL,        -- the night that it stands for: the last one whose time had come
  state       varchar(20) NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  asked_by    varchar(100),         -- null: its time had come
  started_at  timestamptz NOT NULL,
  lease_until timestamptz,
  finished_at timestamptz,
  key         varchar(300),
  parts       integer NOT NULL DEFAULT 0,
  rows        bigint NOT NULL DEFAULT 0,
  text_bytes  bigint NOT NULL DEFAULT 0,
  bytes       bigint NOT NULL DEFAULT 0,
  checked     varchar(20) CHECK (checked IN ('restored', 'read')),
  error       varchar(2000),
  CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
-- claim-backup: one at a time, whichever replica makes it.
CREATE UNIQUE INDEX backups_running ON backups ((true)) WHERE state = 'running';
