-- People with passwords and roles, keys for scripts, and the log of who did what.

ALTER TABLE people DROP CONSTRAINT people_role_check;
ALTER TABLE people ADD CONSTRAINT people_role_check CHECK (role IN ('viewer', 'operator', 'admin'));
-- scrypt, as `scrypt:N:r:p:salt:hash`; null: signs in by link only.
ALTER TABLE people ADD COLUMN password varchar(200);

-- The id names a key or a session to people: the start of a hash, from which nothing opens.
ALTER TABLE sessions ADD COLUMN id varchar(12) GENERATED ALWAYS AS (left(session_sha256, 12)) STORED;
ALTER TABLE sessions ADD COLUMN address varchar(60);
-- end-sessions, list-sessions: those of one person.
CREATE INDEX sessions_person ON sessions (person);

ALTER TABLE api_keys DROP CONSTRAINT api_keys_role_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_role_check CHECK (role IN ('viewer', 'operator', 'admin'));
ALTER TABLE api_keys ADD COLUMN id varchar(12) GENERATED ALWAYS AS (left(key_sha256, 12)) STORED;
ALTER TABLE api_keys ADD COLUMN created_by varchar(100);
ALTER TABLE api_keys ADD COLUMN expires_at timestamptz;

-- Who did what, when, from where: only ever added to. Each entry's hash covers the one before it (contract/audit.ts), so that
-- an entry that somebody changed, took out or put in shows.
CREATE TABLE audit_log (
  seq             bigint PRIMARY KEY, -- 1, 2, 3 …, without gaps
  at              timestamptz NOT NULL,
  actor_type      varchar(20) NOT NULL,
  actor           varchar(100),
  action          varchar(50) NOT NULL,
  subject         varchar(200),
  address         varchar(60),
  detail          text NOT NULL, -- JSON, kept as it was hashed
  previous_sha256 char(64) NOT NULL,
  sha256          char(64) NOT NULL
);

-- The newest entry: what appending goes on from, and what shows that the end was cut off.
CREATE TABLE audit_head (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  seq      bigint NOT NULL,
  sha256   char(64) NOT NULL
);
INSERT INTO audit_head (seq, sha256) VALUES (0, repeat('0', 64));

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
