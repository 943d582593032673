-- What the catalog learns of the bucket itself, and who goes on for a server that has got another name.

ALTER TABLE archive_objects
  -- When a reindex last saw the object listed; null: never, which says nothing by itself.
  ADD COLUMN seen_at timestamptz,
  -- When it was found that nothing stands at the key of an archived batch any more. The row stays: it says what is missing.
  ADD COLUMN missing_at timestamptz;
-- reindex, list-objects: what is missing; a handful of rows at worst.
CREATE INDEX archive_objects_missing ON archive_objects (server, window_at) WHERE missing_at IS NOT NULL;

-- A server that was enrolled under a new name and proved that it held the old one's key: it may bring what it sealed before then
-- to the archive under the old name. Names aren't foreign keys: a server may be forgotten, its archive stays.
CREATE TABLE server_renames (
  server     varchar(100) NOT NULL, -- the new name
  former     varchar(100) NOT NULL,
  renamed_at timestamptz NOT NULL,
  -- batches: may this server announce under that name?
  PRIMARY KEY (server, former)
);
