-- Values that are past a limit now: waiting until it has lasted, told, or on their way back. Few, and gone when it is over.
CREATE TABLE breaches (
  server               varchar(100) NOT NULL,
  agent_id             varchar(50) NOT NULL, -- '': the whole server
  threshold            varchar(30) NOT NULL, -- as in thresholds.yaml
  -- When the beat was received that was judged last. It changes with each beat, so no index names it.
  seen_at              timestamptz NOT NULL,
  -- By level: since when the value has been past the limit, whether people are told, and since when it has been clear of it.
  warning_since        timestamptz,
  warning_told         boolean NOT NULL DEFAULT false,
  warning_clear_since  timestamptz,
  critical_since       timestamptz,
  critical_told        boolean NOT NULL DEFAULT false,
  critical_clear_since timestamptz,
  -- When time alone may change it; null: only a beat does.
  next_at              timestamptz,
  PRIMARY KEY (server, agent_id, threshold)
) WITH (fillfactor = 70);
