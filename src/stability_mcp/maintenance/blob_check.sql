-- name: blobs(after, limit) -> many
-- Blobs of items that are not deleted, in the order of their hashes.
SELECT sha256, bytes FROM blobs
WHERE sha256 > :after
    AND EXISTS (
        SELECT 1 FROM media WHERE media.blob = blobs.sha256 AND media.deleted_at IS NULL
    )
ORDER BY sha256 LIMIT :limit;

-- name: holders(blob) -> many
-- Items with this content that are not deleted.
SELECT id, label, copy_path FROM media
WHERE blob = :blob AND deleted_at IS NULL
ORDER BY seq;

-- name: delete_holders(blob, now) -> count
-- The content is lost, so these items are unusable.
UPDATE media SET deleted_at = :now WHERE blob = :blob AND deleted_at IS NULL;
