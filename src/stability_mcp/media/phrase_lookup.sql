-- name: newest_version(owner, root_key) -> one
-- The newest item of a root, whether or not it was asked for by that name.
SELECT media, root, version, variant FROM media_names
WHERE owner = :owner AND root_key = :root_key
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
ORDER BY version DESC, seq DESC LIMIT 1;
