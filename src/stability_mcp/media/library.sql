-- name: item_by_id(owner, id) -> one
-- Looks up an item by id.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.id = :id AND media.deleted_at IS NULL;

-- name: deleted_at(owner, id) -> value
-- When an item was deleted; no row if it wasn't, or if retention has removed it.
SELECT deleted_at FROM media WHERE owner = :owner AND id = :id AND deleted_at IS NOT NULL;

-- name: items_by_id(ids...) -> many
-- The caller checks the owner: with an owner condition SQLite scans all of the owner's media.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.id IN (:ids...) AND media.deleted_at IS NULL;

-- name: newest(owner, before, pattern, limit) -> values
-- The newest seqs of a list; `before` is the cursor, a null pattern matches everything.
SELECT seq FROM media
WHERE owner = :owner AND deleted_at IS NULL AND origin <> 'fitted' AND seq < :before
    AND (CAST(:pattern AS TEXT) IS NULL
        OR lower(label) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/'
        OR lower(operation) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/')
ORDER BY seq DESC LIMIT :limit;

-- name: newest_of_type(owner, media_type, before, pattern, limit) -> values
-- The index returns one type at a time in order: a few sounds among many pictures are found fast.
SELECT seq FROM media
WHERE owner = :owner AND media_type = :media_type AND deleted_at IS NULL AND origin <> 'fitted'
    AND seq < :before
    AND (CAST(:pattern AS TEXT) IS NULL
        OR lower(label) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/'
        OR lower(operation) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/')
ORDER BY seq DESC LIMIT :limit;

-- name: newest_of_period(owner, since, at, before, pattern, any_type, types..., limit) -> values
-- The newest seqs created from `since` to just before (`at`, `before`).
SELECT seq FROM media
WHERE owner = :owner AND deleted_at IS NULL AND origin <> 'fitted'
    AND created_at >= :since AND (created_at, seq) < (:at, :before)
    AND (CAST(:any_type AS INTEGER) = 1 OR media_type IN (:types...))
    AND (CAST(:pattern AS TEXT) IS NULL
        OR lower(label) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/'
        OR lower(operation) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/')
ORDER BY created_at DESC, seq DESC LIMIT :limit;

-- name: created_at(owner, seq) -> value
-- When an item was stored, to continue a list after it; an older item's time if it was deleted.
SELECT created_at FROM media
WHERE owner = :owner AND deleted_at IS NULL AND seq <= :seq ORDER BY seq DESC LIMIT 1;

-- name: items_by_seq(owner, seqs...) -> many
-- Reads the items of a page by their seqs.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.seq IN (:seqs...) AND media.deleted_at IS NULL
ORDER BY media.seq DESC;

-- name: item_of_copy(owner, paths...) -> one
-- The newest item whose readable copy was written to a path: after the user deleted a copy, another
-- one can get its name. The NULL test and `+` have SQLite use the partial index.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.copy_path IS NOT NULL AND media.copy_path IN (:paths...)
    AND media.deleted_at IS NULL
ORDER BY +media.seq DESC LIMIT 1;

-- name: parents(child) -> many
-- The items that an item was made from.
SELECT role, parent FROM media_parents WHERE child = :child ORDER BY role;

-- name: item_made_from(owner, result, role, original) -> one
-- The newest item made from a result in this role, and from this original. The owner is compared as
-- an expression: SQLite would use an index of it, and look through all their media.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner || '' = :owner AND media.deleted_at IS NULL
    AND media.id IN (SELECT child FROM media_parents WHERE parent = :result AND role = :role)
    AND media.id IN (SELECT child FROM media_parents WHERE parent = :original)
ORDER BY media.seq DESC LIMIT 1;

-- name: set_label(owner, id, label) -> count
-- No row changes if the item was deleted meanwhile.
UPDATE media SET label = :label WHERE owner = :owner AND id = :id AND deleted_at IS NULL;

-- name: items_after(owner, seq, limit) -> many
-- Items in the order in which they were stored, after one; without pictures fitted for sending.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.seq > :seq AND media.deleted_at IS NULL
    AND media.origin <> 'fitted'
ORDER BY media.seq LIMIT :limit;

-- name: newest_seq(owner) -> value
-- The seq of the newest item; no row: there is none.
SELECT seq FROM media WHERE owner = :owner AND deleted_at IS NULL ORDER BY seq DESC LIMIT 1;
