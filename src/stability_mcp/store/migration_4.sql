-- Schema 4: one meaning per column, and the same names as in the code. Older programs can't write
-- to it, so OLDEST_WRITER rises to 4.
ALTER TABLE calls RENAME COLUMN handed_at TO delivered_at;
ALTER TABLE calls RENAME COLUMN said TO notes;
ALTER TABLE confirmations RENAME COLUMN call_key TO question_key;
ALTER TABLE jobs RENAME COLUMN epoch TO lease_version;
ALTER TABLE jobs RENAME COLUMN lane TO priority;
ALTER TABLE spending RENAME COLUMN held TO reserved;
UPDATE jobs SET charged = 'reserved' WHERE charged = 'held';

-- told_at had two meanings: the time of delivery or, if negative, the earliest next attempt.
ALTER TABLE jobs RENAME COLUMN told_at TO notified_at;
ALTER TABLE jobs ADD COLUMN notify_after REAL;
UPDATE jobs SET notify_after = -notified_at, notified_at = NULL WHERE notified_at < 0;

-- A sentence in `error` marked jobs whose details retention had removed; the time is unknown.
ALTER TABLE jobs ADD COLUMN stripped_at REAL;
UPDATE jobs SET stripped_at = finished_at, error = NULL
WHERE error = 'Its details and results left the store after STABILITY_KEEP_DAYS; its charge is kept.';

-- The price 0 meant that another program had started the generation.
ALTER TABLE jobs ADD COLUMN origin TEXT NOT NULL DEFAULT 'call';
UPDATE jobs SET origin = 'adopted' WHERE price = 0;

UPDATE meta SET key = 'notify_since:' || substr(key, 12) WHERE key LIKE 'told#_since:%' ESCAPE '#';
UPDATE meta SET key = 'client_timeouts:' || substr(key, 10) WHERE key LIKE 'patience:%';
