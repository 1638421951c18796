-- The first form of the ledger's file. Money is in nano-dollars, instants are in milliseconds since the epoch (UTC).

-- Every text that comes back often, once: names, models, prices. A column that holds a word's id says so.
CREATE TABLE word (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

-- How each account stands in each of its cycles, in its own unit. end_ms is NULL where the cycle never ends.
CREATE TABLE standing (
    account  INTEGER NOT NULL,  -- word
    start_ms INTEGER NOT NULL,
    end_ms   INTEGER,
    lim      INTEGER NOT NULL,
    granted  INTEGER NOT NULL,
    held     INTEGER NOT NULL,
    settled  INTEGER NOT NULL,
    PRIMARY KEY (account, start_ms)
) WITHOUT ROWID;

-- The lines of the ledger: never changed. kind: 0 grant, 1 hold, 2 settle, 3 release, 4 correct.
CREATE TABLE entry (
    seq      INTEGER PRIMARY KEY,
    kind     INTEGER NOT NULL,
    account  INTEGER NOT NULL,  -- word
    start_ms INTEGER NOT NULL,  -- of the cycle
    amount   INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    hold     INTEGER,
    held     INTEGER NOT NULL   -- what a settlement gave back
);

-- The holds that have not ended; a row leaves when its hold ends, and the entries remain.
-- state: 0 open, 1 in doubt. shares: a JSON list of [account (word), start_ms, amount].
CREATE TABLE hold (
    id        INTEGER PRIMARY KEY,
    exchange  TEXT    NOT NULL,
    upstream  INTEGER NOT NULL,  -- word
    model     INTEGER NOT NULL,  -- word
    placed_ms INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    shares    TEXT    NOT NULL
);

-- What each attempt used and cost. paid: a JSON list of [account (word), amount].
CREATE TABLE record (
    seq                INTEGER PRIMARY KEY,
    exchange           TEXT    NOT NULL,
    attempt            INTEGER NOT NULL,
    at_ms              INTEGER NOT NULL,
    key                INTEGER NOT NULL,  -- word
    project            INTEGER NOT NULL,  -- word
    client             INTEGER NOT NULL,  -- word
    alias              INTEGER NOT NULL,  -- word
    upstream           INTEGER NOT NULL,  -- word
    model              INTEGER NOT NULL,  -- word
    status             INTEGER NOT NULL,
    outcome            INTEGER NOT NULL,  -- word
    prompt_tokens      INTEGER NOT NULL,
    completion_tokens  INTEGER NOT NULL,
    cached_tokens      INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    requests           INTEGER NOT NULL,
    other_tokens       TEXT,              -- the other figures of the usage that are not 0, as a JSON object
    quality            INTEGER NOT NULL,  -- word
    prompt_counted     INTEGER NOT NULL,
    completion_counted INTEGER NOT NULL,
    price              INTEGER,           -- word: the price as JSON; NULL where nothing had one
    cost_nano          INTEGER NOT NULL,
    first_ms           INTEGER,
    total_ms           INTEGER NOT NULL,
    stream             INTEGER NOT NULL,
    finish_reason      INTEGER NOT NULL,  -- word
    refusal            INTEGER NOT NULL,  -- word
    notes              INTEGER NOT NULL,  -- word: a JSON list
    paid               TEXT    NOT NULL
);
CREATE INDEX record_at ON record (at_ms);

CREATE TABLE client_key (
    name       TEXT PRIMARY KEY,
    digest     BLOB    NOT NULL UNIQUE,
    hint       TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    project    TEXT    NOT NULL,
    models     TEXT    NOT NULL,  -- a JSON list
    expires_ms INTEGER,
    disabled   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;
