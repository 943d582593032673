-- What a report knows, so that one that knows less doesn't take the place of one that knows more, as after the restore of an older backup.

-- How much the facts of a file know (how-much-is-known.ts): seconds, or alerts. Null: it was made before that was noted.
ALTER TABLE report_files ADD COLUMN knows double precision;

-- Somebody said that what stands there may be replaced whatever it knows.
ALTER TABLE report_deliveries ADD COLUMN replaces boolean NOT NULL DEFAULT false;
