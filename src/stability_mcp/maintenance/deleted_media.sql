-- name: old_deleted(before, cutoff, limit) -> many
-- Items that were deleted long ago, newest first.
SELECT seq, id FROM media
WHERE deleted_at IS NOT NULL AND seq < :before AND deleted_at < :cutoff
ORDER BY seq DESC LIMIT :limit;

-- name: still_deleted(id, cutoff) -> value
-- Checks again inside the transaction. A job submitted at the moment of the deletion may still name
-- the item; it fails with an error that names it.
SELECT 1 FROM media
WHERE id = :id AND deleted_at IS NOT NULL AND deleted_at < :cutoff
    AND NOT EXISTS (
        SELECT 1 FROM job_inputs JOIN jobs ON jobs.id = job_inputs.job
        WHERE job_inputs.media = media.id AND jobs.finished_at IS NULL
    );

-- name: leave_cache(media) -> count
-- Without one of its results, a job must not answer other calls.
UPDATE jobs SET result_key = NULL
WHERE result_key IS NOT NULL AND id = (SELECT media.job FROM media WHERE media.id = :media);

-- name: delete_parents(media) -> count
-- The rows with the item as a parent stay: they say that a result was made from deleted media.
DELETE FROM media_parents WHERE child = :media;

-- name: blob_of(id) -> value
-- The hash of its bytes.
SELECT blob FROM media WHERE id = :id;

-- name: delete_row(id) -> count
-- The row of its blob stays until the file is removed.
DELETE FROM media WHERE id = :id AND deleted_at IS NOT NULL;

-- name: unused_blobs(after, cutoff, limit) -> values
-- Blobs whose last item was removed.
SELECT sha256 FROM blobs
WHERE sha256 > :after AND created_at < :cutoff
    AND NOT EXISTS (SELECT 1 FROM media WHERE media.blob = blobs.sha256)
ORDER BY sha256 LIMIT :limit;

-- name: is_unused(sha256) -> value
-- Checks again inside the transaction.
SELECT 1 FROM blobs
WHERE sha256 = :sha256 AND NOT EXISTS (SELECT 1 FROM media WHERE media.blob = blobs.sha256);

-- name: delete_blob_row(sha256) -> count
-- Its file is gone.
DELETE FROM blobs WHERE sha256 = :sha256;
