-- Version 2. What the store keeps beside the rounds: logs, brokers, gaps, the count of connections. body is the
-- CRC-32 of key and content, then the content as JSON; seal() is agent.store.state.seal.
CREATE TABLE state (
    key TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;

INSERT INTO state
SELECT key, seal(key, content) FROM (
    SELECT 'log/' || id AS key, json_object(
        'id', id, 'name', name, 'station', station, 'machine', NULL,
        'next', CASE WHEN id < (SELECT max(id) FROM log) THEN ifnull(
            (SELECT (place & (1 << 40) - 1) + count FROM round
             WHERE place BETWEEN log.id << 40 AND (log.id + 1 << 40) - 1 ORDER BY place DESC LIMIT 1), 1) END
    ) AS content FROM log
    UNION ALL
    SELECT 'broker/' || broker, json_object('waiting', json_array(json_array(place, 1 << 62)), 'gaps', json_array()) FROM cursor
    UNION ALL
    SELECT 'session', CAST(number AS TEXT) FROM session WHERE number > 0
);

DROP TABLE log;
DROP TABLE cursor;
DROP TABLE session;
