-- What an AI agent's own process uses, as its latest beat says; null: it named none, or it lives elsewhere.
ALTER TABLE agents_latest ADD COLUMN process jsonb;
