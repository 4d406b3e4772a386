-- name: unfinished_users(owner, ids...) -> many
-- Unfinished jobs that send one of the items, or a picture that was fitted from it. The owner is
-- compared as an expression: SQLite would use an index of it, and look through all their media.
SELECT media.id AS media, media.label, jobs.id AS job, jobs.state FROM media
JOIN job_inputs ON job_inputs.media = media.id
JOIN jobs ON jobs.id = job_inputs.job
WHERE media.owner || '' = :owner AND media.id IN (:ids...) AND jobs.finished_at IS NULL
UNION
SELECT original.id AS media, original.label, jobs.id AS job, jobs.state FROM media AS original
JOIN media_parents ON media_parents.parent = original.id
JOIN media AS fitted ON fitted.id = media_parents.child AND fitted.origin = 'fitted'
JOIN job_inputs ON job_inputs.media = fitted.id
JOIN jobs ON jobs.id = job_inputs.job
WHERE original.owner || '' = :owner AND original.id IN (:ids...) AND jobs.finished_at IS NULL
ORDER BY media, job;

-- name: unfinished_runs(owner, ids...) -> many
-- Unfinished runs that have one of the items as a file or a result. No id is part of another text in
-- quotes. The owner is compared as an expression, so that SQLite reads only the few unfinished runs.
SELECT media.id AS media, media.label, runs.id AS run FROM runs
JOIN media ON media.owner || '' = runs.owner || ''
WHERE runs.owner || '' = :owner AND runs.finished_at IS NULL AND media.id IN (:ids...)
    AND (runs.files LIKE '%"' || media.id || '"%'
        OR EXISTS (SELECT 1 FROM run_items
            WHERE run_items.media = media.id AND run_items.run = runs.id))
ORDER BY media.seq, runs.seq;

-- name: mark_deleted(owner, id, now) -> count
-- No row changes if it was deleted meanwhile.
UPDATE media SET deleted_at = :now WHERE owner = :owner AND id = :id AND deleted_at IS NULL;

-- name: mark_fitted_deleted(owner, ids..., now) -> count
-- Pictures that were fitted for sending show the same, so they go with their original.
UPDATE media SET deleted_at = :now
WHERE owner || '' = :owner AND origin = 'fitted' AND deleted_at IS NULL
    AND id IN (SELECT child FROM media_parents WHERE parent IN (:ids...));

-- name: deleted_items(owner, ids...) -> many
-- Deleted items with what is needed to restore them.
SELECT media.id, media.label, media.blob, media.deleted_at, blobs.bytes
FROM media JOIN blobs ON blobs.sha256 = media.blob
WHERE media.owner = :owner AND media.id IN (:ids...) AND media.deleted_at IS NOT NULL;

-- name: deleted_by_name(owner, label, name_key, path, limit) -> values
-- Items that had this label, name or readable copy when they were deleted, newest first.
SELECT id FROM media
WHERE owner = :owner AND deleted_at IS NOT NULL AND origin <> 'fitted'
    AND (lower(label) = lower(CAST(:label AS TEXT)) OR copy_path = CAST(:path AS TEXT)
        OR id IN (SELECT media FROM media_names WHERE owner = :owner AND name_key = :name_key))
ORDER BY deleted_at DESC, seq DESC LIMIT :limit;

-- name: mark_restored(owner, id, label, deleted_at) -> count
-- No row changes if it was restored or removed meanwhile.
UPDATE media SET deleted_at = NULL, label = :label
WHERE owner = :owner AND id = :id AND deleted_at = :deleted_at;

-- name: mark_fitted_restored(owner, id, deleted_at) -> count
-- The fitted pictures that were deleted with it.
UPDATE media SET deleted_at = NULL
WHERE owner = :owner AND origin = 'fitted' AND deleted_at = :deleted_at
    AND id IN (SELECT child FROM media_parents WHERE parent = :id);
