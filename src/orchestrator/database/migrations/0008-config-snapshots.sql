-- When a revision's files were put into the archive (configs/snapshots/); null: not yet, or never to be.
ALTER TABLE config_revisions ADD COLUMN snapshot_at timestamptz;
-- config-snapshots: what is still to be put there; nothing, as a rule.
CREATE INDEX config_revisions_unarchived ON config_revisions (position) WHERE snapshot_at IS NULL AND files IS NOT NULL;
-- config-snapshots: whether somebody was ever to run it before another one came.
CREATE INDEX config_rollouts_previous ON config_rollouts (previous);
