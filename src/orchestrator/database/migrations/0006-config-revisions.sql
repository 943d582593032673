-- Revisions of the configuration: what was found, what every server is to run, and how far a new one has got.

CREATE TABLE config_revisions (
  revision varchar(40) PRIMARY KEY, -- 12 hex digits; `built-in` where there is no file
  position bigint GENERATED ALWAYS AS IDENTITY, -- in the order of finding
  source   varchar(10) NOT NULL CHECK (source IN ('git', 'folder')),
  commit   jsonb, -- null: not from Git
  files    jsonb, -- path → text; null: refused (it may hold what must not be kept), or too old to be kept whole
  config   jsonb, -- checked and merged; null as in files
  refusal  jsonb, -- why it was refused; null: it is good
  -- checked: good, its turn has not come; everywhere: what all are to run outside of a rollout; replaced: it was that, or was
  -- overtaken on its way there; rolled_back: found bad, never rolled out again by itself.
  state    varchar(20) NOT NULL CHECK (state IN ('refused', 'checked', 'rolling', 'everywhere', 'replaced', 'rolled_back')),
  reason   text, -- why it was rolled back
  found_at timestamptz NOT NULL,
  state_at timestamptz NOT NULL,
  CHECK ((state = 'refused') = (refusal IS NOT NULL))
);
-- list-revisions: newest first; record-revision: what is too old to be kept whole.
CREATE INDEX config_revisions_newest ON config_revisions (position DESC);

CREATE TABLE config_head (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  found    varchar(40) REFERENCES config_revisions, -- what the source holds now
  settled  varchar(40) REFERENCES config_revisions  -- what all are to run outside of a rollout
);
INSERT INTO config_head (found, settled) VALUES (NULL, NULL);

CREATE TABLE config_rollouts (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision   varchar(40) NOT NULL REFERENCES config_revisions,
  previous   varchar(40) NOT NULL REFERENCES config_revisions, -- what those run who are not reached
  state      varchar(20) NOT NULL CHECK (state IN ('rolling', 'paused', 'done', 'replaced', 'halted', 'rolled_back')),
  seed       varchar(40) NOT NULL, -- decides who comes early (rollout-plan.ts)
  stages     jsonb NOT NULL,
  stage      integer NOT NULL,     -- 0 is the canary
  reach      jsonb NOT NULL,       -- who belongs to the stages so far
  wait_ms    bigint NOT NULL,
  halt_on    jsonb NOT NULL,
  hold       text,                 -- why the next stage has not begun though its time has come
  findings   jsonb,                -- what halted it
  reason     text,
  ended_by   varchar(100),         -- null: it ended by itself
  started_at timestamptz NOT NULL,
  stage_at   timestamptz NOT NULL,
  ended_at   timestamptz
);
-- One at a time, whichever replica begins it.
CREATE UNIQUE INDEX config_rollouts_active ON config_rollouts ((true)) WHERE state IN ('rolling', 'paused');
-- roll-back: what was there before a revision.
CREATE INDEX config_rollouts_revision ON config_rollouts (revision, id DESC);

-- What each server says of its configuration in its beats, and what it was given.
ALTER TABLE servers
  ADD COLUMN config_running    varchar(100),
  ADD COLUMN config_desired    varchar(100), -- what it was offered last, by its own word
  ADD COLUMN config_error      varchar(2000), -- why it does not run that
  ADD COLUMN config_offered    varchar(40),
  ADD COLUMN config_offered_at timestamptz;
