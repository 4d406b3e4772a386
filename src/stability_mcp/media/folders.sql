-- name: names_of_bytes(owner, blobs...) -> many
-- The items that have certain bytes, the oldest first; fitted ones are only copies for sending. The
-- owner is compared as an expression, so that SQLite uses the index of bytes.
SELECT blob AS key, id AS media, label FROM media
WHERE owner || '' = :owner AND blob IN (:blobs...) AND deleted_at IS NULL AND origin <> 'fitted'
ORDER BY seq;

-- name: names_of_copies(owner, paths...) -> many
-- The items whose readable copies are at these paths. The NULL test and `+` have SQLite use the
-- partial index.
SELECT copy_path AS key, id AS media, label FROM media
WHERE owner = :owner AND copy_path IS NOT NULL AND copy_path IN (:paths...)
    AND deleted_at IS NULL
ORDER BY +seq;
