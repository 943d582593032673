-- The catalog: one row a batch, from its announcement on. The archive's objects carry the same manifest, so this table can be
-- rebuilt from them; it is what assigns their names and what makes search cheap.

CREATE TABLE archive_objects (
  server          varchar(100) NOT NULL,
  epoch           char(16) NOT NULL,
  first_sequence  bigint NOT NULL,
  last_sequence   bigint NOT NULL,
  key             varchar(300) NOT NULL,
  window_at       timestamptz NOT NULL, -- start of its window of arrival
  n               integer NOT NULL,     -- its number in the window, as in the key
  state           varchar(20) NOT NULL CHECK (state IN ('expected', 'archived')),
  bytes           bigint NOT NULL,
  md5             char(32), -- null where the object was found in the archive, not announced
  sha256          char(64),
  text_bytes      bigint NOT NULL,
  records         bigint NOT NULL,
  -- The records' own times, which need not lie in the window; ±infinity where they are no dates.
  first_timestamp timestamptz NOT NULL,
  last_timestamp  timestamptz NOT NULL,
  manifest        jsonb NOT NULL,
  announced_at    timestamptz NOT NULL,
  archived_at     timestamptz,
  CHECK (first_sequence <= last_sequence),
  CHECK ((state = 'archived') = (archived_at IS NOT NULL)),
  CHECK (state = 'archived' OR (md5 IS NOT NULL AND sha256 IS NOT NULL)),
  -- announce: a batch that is announced twice is one batch; its neighbours in the epoch.
  PRIMARY KEY (server, epoch, first_sequence),
  -- announce: the next free number of a window. Server first in every unique key, so that the table can be sharded by it.
  UNIQUE (server, window_at, n),
  -- confirm: whose a name is.
  UNIQUE (server, key)
);
-- list-objects and search-objects, all servers: in the order of windows.
CREATE INDEX archive_objects_window ON archive_objects (window_at, server, n);
-- search-objects: what holds records since then, however late it arrived.
CREATE INDEX archive_objects_last_timestamp ON archive_objects (last_timestamp);

-- Secrets that all replicas on this database share, made at first use: the one that signs upload addresses.
CREATE TABLE catalog_secrets (
  name   varchar(50) PRIMARY KEY,
  secret varchar(100) NOT NULL
);
