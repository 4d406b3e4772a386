-- name: find(owner, key) -> one
-- What a key started.
SELECT request_hash, call, run, jobs, created_at
FROM idempotency_keys WHERE owner = :owner AND key = :key;

-- name: record(owner, key, request_hash, call, run, jobs, now) -> count
-- Changes no row if the key is used: its transaction is then rolled back.
INSERT INTO idempotency_keys (owner, key, request_hash, call, run, jobs, created_at)
VALUES (:owner, :key, :request_hash, :call, :run, :jobs, :now)
ON CONFLICT (owner, key) DO NOTHING;

-- name: remove_old(cutoff, limit) -> count
-- The oldest keys from before a time, a part at a time.
DELETE FROM idempotency_keys
WHERE (owner, key) IN (
    SELECT old.owner, old.key FROM idempotency_keys AS old
    WHERE old.created_at < :cutoff ORDER BY old.created_at LIMIT :limit
);

-- name: blobs(owner, ids...) -> many
-- The bytes of media, deleted ones too: a request that is sent again means the same bytes.
SELECT id, blob FROM media WHERE owner = :owner AND id IN (:ids...);
