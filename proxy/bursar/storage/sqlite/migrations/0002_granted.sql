-- What was granted beside the configuration: top-ups, raises, resets and corrections, with who and why.
-- A row is written once, and once more when its end has come; none is ever removed.
CREATE TABLE granted (
    id       INTEGER PRIMARY KEY,
    kind     INTEGER NOT NULL,  -- word
    account  INTEGER NOT NULL,  -- word
    start_ms INTEGER NOT NULL,  -- of the cycle in which it counts
    amount   INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    note     TEXT    NOT NULL,
    by_whom  TEXT    NOT NULL,
    until_ms INTEGER,
    ended_ms INTEGER,
    undone   INTEGER NOT NULL
);
