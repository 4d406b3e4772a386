-- name: item_by_id(owner, id) -> one
-- Looks up what a URI or an id names.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.id = :id AND media.deleted_at IS NULL;

-- name: item_by_label(owner, label) -> one
-- Looks up what a label names.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.label = :label AND media.deleted_at IS NULL;

-- name: items_by_id(ids...) -> many
-- The caller compares the owner: with the owner as a condition SQLite walks all the owner's media.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.id IN (:ids...) AND media.deleted_at IS NULL;

-- name: newest(owner, before, pattern, limit) -> values
-- Numbers of the newest media of a list; `before` is the cursor, a null pattern matches everything.
SELECT seq FROM media
WHERE owner = :owner AND deleted_at IS NULL AND origin <> 'fitted' AND seq < :before
    AND (CAST(:pattern AS TEXT) IS NULL
        OR lower(label) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/'
        OR lower(operation) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/')
ORDER BY seq DESC LIMIT :limit;

-- name: newest_of_type(owner, media_type, before, pattern, limit) -> values
-- One type at a time comes in order off its index: rare sound among many pictures is found at once.
SELECT seq FROM media
WHERE owner = :owner AND media_type = :media_type AND deleted_at IS NULL AND origin <> 'fitted'
    AND seq < :before
    AND (CAST(:pattern AS TEXT) IS NULL
        OR lower(label) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/'
        OR lower(operation) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/')
ORDER BY seq DESC LIMIT :limit;

-- name: items_by_seq(owner, seqs...) -> many
-- Reads the items of a page whose numbers are known.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.seq IN (:seqs...) AND media.deleted_at IS NULL
ORDER BY media.seq DESC;

-- name: item_of_bytes(owner, blob) -> one
-- The oldest item with these bytes; fitted ones are only copies for sending.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.blob = :blob AND media.deleted_at IS NULL
    AND media.origin <> 'fitted'
ORDER BY media.seq LIMIT 1;

-- name: fitted_item_of_bytes(owner, blob, parents...) -> one
-- Equal bytes fitted from another parent are another item: its lineage differs.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.blob = :blob AND media.deleted_at IS NULL
    AND media.origin = 'fitted'
    AND media.id IN (SELECT child FROM media_parents WHERE parent IN (:parents...))
ORDER BY media.seq LIMIT 1;

-- name: item_of_copy(owner, paths...) -> one
-- The item whose readable copy a file is; the null test lets the partial index serve it.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.copy_path IS NOT NULL AND media.copy_path IN (:paths...)
    AND media.deleted_at IS NULL;

-- name: parents(child) -> many
-- What an item was made from.
SELECT role, parent FROM media_parents WHERE child = :child ORDER BY role;

-- name: label_holder(owner, label) -> value
-- The item that loses a label to another one.
SELECT id FROM media WHERE owner = :owner AND label = :label AND deleted_at IS NULL;

-- name: set_label(owner, id, label) -> count
-- No row changes if the item was deleted meanwhile.
UPDATE media SET label = :label WHERE owner = :owner AND id = :id AND deleted_at IS NULL;
