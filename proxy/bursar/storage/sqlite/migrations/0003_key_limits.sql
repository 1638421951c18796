-- What a client key is held to, its own fallback list, and the keys that it replaced.
ALTER TABLE client_key ADD COLUMN fallback TEXT NOT NULL DEFAULT '[]';  -- a JSON list
ALTER TABLE client_key ADD COLUMN limits   TEXT NOT NULL DEFAULT '{}';  -- a JSON object
ALTER TABLE client_key ADD COLUMN former   TEXT NOT NULL DEFAULT '[]';  -- a JSON list

-- When a key was last used is asked at every start.
CREATE INDEX record_key ON record (key);
