-- name: stored_before(job, position) -> value
-- A result that was stored by another process, or before a retry, isn't stored twice.
SELECT id FROM media WHERE job = :job AND position = :position;

-- name: insert_blob(sha256, bytes, media_type, now) -> count
-- Equal bytes are one blob.
INSERT INTO blobs (sha256, bytes, media_type, created_at)
VALUES (:sha256, :bytes, :media_type, :now)
ON CONFLICT (sha256) DO NOTHING;

-- name: insert_media(id, owner, emulated, upstream, job, position, blob, media_type, width, height, seconds, seed, finish_reason, origin, operation, label, now) -> count
-- No row changes if the random id is taken: the caller draws another one.
INSERT INTO media (id, owner, emulated, upstream, job, position, blob, media_type, width, height,
    seconds, seed, finish_reason, origin, operation, label, created_at)
VALUES (:id, :owner, :emulated, :upstream, :job, :position, :blob, :media_type, :width, :height,
    :seconds, :seed, :finish_reason, :origin, :operation, :label, :now)
ON CONFLICT (id) DO NOTHING;

-- name: insert_parent(child, parent, role) -> count
-- What the media was made from.
INSERT INTO media_parents (child, parent, role) VALUES (:child, :parent, :role)
ON CONFLICT (child, parent, role) DO NOTHING;
