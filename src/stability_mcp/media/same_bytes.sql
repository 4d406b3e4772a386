-- name: item_of_bytes(owner, blob) -> one
-- The oldest item with these bytes; fitted ones are excluded, being only copies for sending.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.blob = :blob AND media.deleted_at IS NULL
    AND media.origin <> 'fitted'
ORDER BY media.seq LIMIT 1;

-- name: fitted_item_of_bytes(owner, blob, parents...) -> one
-- Equal bytes fitted from a different parent are a different item: its lineage differs.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.blob = :blob AND media.deleted_at IS NULL
    AND media.origin = 'fitted'
    AND media.id IN (SELECT child FROM media_parents WHERE parent IN (:parents...))
ORDER BY media.seq LIMIT 1;

-- name: made_item_of_bytes(owner, blob, operation, parents..., number) -> one
-- The item with these bytes that a local tool made by the same call from the same parents.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.blob = :blob AND media.deleted_at IS NULL
    AND media.origin = 'generated' AND media.job IS NULL AND media.operation = :operation
    AND NOT EXISTS (
        SELECT 1 FROM media_parents WHERE child = media.id AND parent NOT IN (:parents...)
    )
    AND (SELECT count(*) FROM media_parents WHERE child = media.id) = :number
ORDER BY media.seq LIMIT 1;
