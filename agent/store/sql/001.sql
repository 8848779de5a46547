-- Version 1. application_id is "aryk" in ASCII: file(1) and a foreign program can tell whose this is.
PRAGMA application_id = 1634892139;

-- An incarnation of the log: numbers begin at 1 in each.
CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    station TEXT NOT NULL
);

-- The headings of rounds, each stored once; columns is JSON: [names, units].
CREATE TABLE layout (
    id INTEGER PRIMARY KEY,
    sensor TEXT NOT NULL,
    columns TEXT NOT NULL,
    UNIQUE (sensor, columns)
);

-- place is log.id << 40 | number of the first reading: one order over all logs. As the rowid it only
-- grows, so that an insert appends to the last page: the cheapest that SQLite has.
CREATE TABLE round (
    place INTEGER PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count > 0),
    layout INTEGER NOT NULL,
    body BLOB NOT NULL
);

-- Where a broker goes on.
CREATE TABLE cursor (
    broker TEXT PRIMARY KEY,
    place INTEGER NOT NULL
) WITHOUT ROWID;

-- Counts the connections to brokers: one row.
CREATE TABLE session (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
);
INSERT INTO session VALUES (1, 0);
