-- name: label_exists(owner, label) -> value
-- Runs up to 20 times in one write transaction, so it must be an index lookup.
SELECT 1 FROM media WHERE owner = :owner AND label = :label AND deleted_at IS NULL;
