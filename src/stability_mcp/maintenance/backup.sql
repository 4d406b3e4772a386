-- name: blobs() -> many
-- Bytes that the media items need; those of items that are deleted may be lost already.
SELECT blobs.sha256, blobs.bytes,
    min(CASE WHEN media.deleted_at IS NULL THEN 0 ELSE 1 END) AS deleted
FROM blobs JOIN media ON media.blob = blobs.sha256
GROUP BY blobs.sha256, blobs.bytes
ORDER BY blobs.sha256;

-- name: counts() -> one
-- What the manifest says about the rows.
SELECT (SELECT count(*) FROM media) AS media, (SELECT count(*) FROM jobs) AS jobs,
    (SELECT CAST(coalesce(sum(credits), 0) AS BIGINT) FROM charges
        WHERE state IN ('charged', 'assumed')) AS charged;
