-- name: meta() -> many
-- Versions and names of the store, read before it is opened.
SELECT key, value FROM meta;

-- name: insert_meta(key, value) -> count
-- Written once, with the tables.
INSERT INTO meta (key, value) VALUES (:key, :value);

-- name: fingerprint_secret() -> value
-- Makes the ids of upstreams the store's own.
SELECT value FROM meta WHERE key = 'fingerprint_secret';
