-- What records that are too old to be kept came to, for ever: one row for each day and whatever reports sum by.
-- at_ms is the instant at which the day began.
CREATE TABLE daily (
    at_ms             INTEGER NOT NULL,
    key               INTEGER NOT NULL,  -- word
    project           INTEGER NOT NULL,  -- word
    client            INTEGER NOT NULL,  -- word
    alias             INTEGER NOT NULL,  -- word
    upstream          INTEGER NOT NULL,  -- word
    model             INTEGER NOT NULL,  -- word
    requests          INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cost_nano         INTEGER NOT NULL,
    PRIMARY KEY (at_ms, key, project, client, alias, upstream, model)
) WITHOUT ROWID;

-- What the ledger's lines of that age added to each account in a cycle, on a day: with the lines that are kept
-- they add up to the account's standings.
CREATE TABLE opening (
    account  INTEGER NOT NULL,  -- word
    start_ms INTEGER NOT NULL,  -- of the cycle
    at_ms    INTEGER NOT NULL,  -- of the day
    granted  INTEGER NOT NULL,
    held     INTEGER NOT NULL,
    settled  INTEGER NOT NULL,
    PRIMARY KEY (account, start_ms, at_ms)
) WITHOUT ROWID;
