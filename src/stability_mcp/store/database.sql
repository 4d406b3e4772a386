-- name: meta() -> many
-- Versions and ids of the store, read when it is opened.
SELECT key, value FROM meta;

-- name: insert_meta(key, value) -> count
-- Runs once, when the tables are created.
INSERT INTO meta (key, value) VALUES (:key, :value);

-- name: fingerprint_secret() -> value
-- Key of the hashes for upstream and user ids, different in each store.
SELECT value FROM meta WHERE key = 'fingerprint_secret';
