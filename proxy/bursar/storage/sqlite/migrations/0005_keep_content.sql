-- Whether the prompts and answers of a key's calls are kept, which is done elsewhere.
ALTER TABLE client_key ADD COLUMN keep_content INTEGER NOT NULL DEFAULT 0;
