-- name: inputs_of(owner, child) -> many
-- What an item was made from, including deleted media; without a row it was removed for good.
SELECT media_parents.role, media_parents.parent AS id, media.label, media.origin, media.operation,
    (media.deleted_at IS NOT NULL OR media.id IS NULL) AS deleted
FROM media_parents
LEFT JOIN media ON media.id = media_parents.parent AND media.owner = :owner
WHERE media_parents.child = :child ORDER BY media_parents.role;
