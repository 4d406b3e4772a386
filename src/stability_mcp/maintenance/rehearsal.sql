-- name: items() -> many
-- Every media item, oldest first; deleted ones too.
SELECT id, label, created_at FROM media ORDER BY created_at, seq;
