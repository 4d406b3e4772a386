-- name: stored_item(job, position) -> one
-- Finds a result stored by another process or before a retry, so that it isn't stored twice.
SELECT media.seq, media.id, media.owner, media.emulated, media.upstream, media.job, media.position,
    media.blob, media.media_type, media.width, media.height, media.seconds, media.seed,
    media.finish_reason, media.origin, media.operation, media.label, media.copy_path,
    media.copy_bytes, media.copy_mtime_ns, media.created_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.job = :job AND media.position = :position;

-- name: insert_blob(sha256, bytes, media_type, now) -> count
-- Equal bytes are one blob.
INSERT INTO blobs (sha256, bytes, media_type, created_at)
VALUES (:sha256, :bytes, :media_type, :now)
ON CONFLICT (sha256) DO NOTHING;

-- name: insert_media(id, owner, emulated, upstream, job, position, blob, media_type, width, height, seconds, seed, finish_reason, origin, operation, label, created_at) -> value
-- Returns the seq; no row if the random id is taken or the job's result is already stored.
INSERT INTO media (id, owner, emulated, upstream, job, position, blob, media_type, width, height,
    seconds, seed, finish_reason, origin, operation, label, created_at)
VALUES (:id, :owner, :emulated, :upstream, :job, :position, :blob, :media_type, :width, :height,
    :seconds, :seed, :finish_reason, :origin, :operation, :label, :created_at)
ON CONFLICT DO NOTHING RETURNING seq;

-- name: insert_parent(child, parent, role) -> count
-- Records what the media was made from.
INSERT INTO media_parents (child, parent, role) VALUES (:child, :parent, :role)
ON CONFLICT (child, parent, role) DO NOTHING;

-- name: set_copy_path(owner, id, copy_path, copy_bytes, copy_mtime_ns) -> count
-- No row changes if the item was deleted meanwhile.
UPDATE media SET copy_path = :copy_path, copy_bytes = :copy_bytes, copy_mtime_ns = :copy_mtime_ns
WHERE owner = :owner AND id = :id AND deleted_at IS NULL;
