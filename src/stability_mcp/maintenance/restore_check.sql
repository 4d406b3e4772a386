-- name: quick_check() -> values
-- SQLite only: "ok", or the first errors in the structure of the file.
PRAGMA quick_check(3);

-- name: meta() -> many
-- Versions and ids of the store.
SELECT key, value FROM meta;

-- name: blobs() -> many
-- Bytes that the media items need; 1 if only deleted items need them.
SELECT media.blob AS sha256, blobs.bytes,
    min(CASE WHEN media.deleted_at IS NULL THEN 0 ELSE 1 END) AS deleted
FROM media LEFT JOIN blobs ON blobs.sha256 = media.blob
GROUP BY media.blob, blobs.bytes;

-- name: jobs() -> values
-- Ids of jobs become parts of file names in the spool.
SELECT id FROM jobs;

-- name: runs() -> values
-- Ids of runs become parts of folder names.
SELECT id FROM runs;

-- name: processes() -> values
-- Ids of processes become names of lock files.
SELECT DISTINCT process FROM calls;

-- name: hashes() -> values
-- Hashes become names of files.
SELECT sha256 FROM blobs;
