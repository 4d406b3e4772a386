-- name: latest_version(owner, root_key) -> value
-- The highest version of a root; deleted media free their versions.
SELECT version FROM media_names
WHERE owner = :owner AND root_key = :root_key
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
ORDER BY version DESC LIMIT 1;

-- name: series_version(owner, root_key, series) -> value
-- The version that an earlier result of the same call got.
SELECT version FROM media_names
WHERE owner = :owner AND root_key = :root_key AND series = :series LIMIT 1;

-- name: is_taken(owner, root_key, version, name_keys..., labels...) -> value
-- Older programs write a label without a name, so labels are checked too.
SELECT 1 FROM media_names
WHERE owner = :owner AND name_key IN (:name_keys...)
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
UNION ALL
SELECT 1 FROM media_names
WHERE owner = :owner AND root_key = :root_key AND version = :version
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
UNION ALL
SELECT 1 FROM media WHERE owner = :owner AND label IN (:labels...) AND deleted_at IS NULL
LIMIT 1;

-- name: insert_name(owner, media, name, name_key, root, root_key, version, variant, source, series) -> value
-- No row if another process has just taken the name, or if deleted media has it.
INSERT INTO media_names (owner, media, name, name_key, root, root_key, version, variant, source, series)
VALUES (:owner, :media, :name, :name_key, :root, :root_key, :version, :variant, :source, :series)
ON CONFLICT DO NOTHING RETURNING seq;

-- name: insert_first_name(owner, media, root, root_key, source) -> value
-- Most names are new: one statement checks that and gives the name.
INSERT INTO media_names (owner, media, name, name_key, root, root_key, version, source)
SELECT CAST(:owner AS TEXT), CAST(:media AS TEXT), CAST(:root AS TEXT), CAST(:root_key AS TEXT),
    CAST(:root AS TEXT), CAST(:root_key AS TEXT), 1, CAST(:source AS BIGINT)
WHERE NOT EXISTS (
        SELECT 1 FROM media_names AS known
        WHERE known.owner = :owner AND known.name_key = :root_key
    )
    AND NOT EXISTS (
        SELECT 1 FROM media_names AS known
        WHERE known.owner = :owner AND known.root_key = :root_key
    )
    AND NOT EXISTS (
        SELECT 1 FROM media
        WHERE media.owner = :owner AND media.label = :root AND media.deleted_at IS NULL
    )
ON CONFLICT DO NOTHING RETURNING seq;

-- name: forget_deleted(owner, name_key) -> count
-- A name of deleted media is free.
DELETE FROM media_names
WHERE owner = :owner AND name_key = :name_key
    AND NOT EXISTS (
        SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL
    );

-- name: forget_name(seq) -> count
-- The item gets the name again, as its newest one.
DELETE FROM media_names WHERE seq = :seq;

-- name: release_name(owner, name_key) -> count
-- The item wasn't stored after all.
DELETE FROM media_names WHERE owner = :owner AND name_key = :name_key AND version > 0;

-- name: forget_names(media) -> count
-- The item is deleted.
DELETE FROM media_names WHERE media = :media;

-- name: names_by_key(owner, name_key) -> many
-- Labels of older stores may have the same key; otherwise there is one name at most.
SELECT seq, media, name, root, root_key, version, variant, source FROM media_names
WHERE owner = :owner AND name_key = :name_key
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
ORDER BY seq;

-- name: meant_name(owner, root_key) -> one
-- The name that a root means: the newest that was asked for, if there is one.
SELECT seq, media, name, root, root_key, version, variant, source FROM media_names
WHERE owner = :owner AND root_key = :root_key
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
ORDER BY source DESC, seq DESC LIMIT 1;

-- name: names_of_version(owner, root_key, oldest, version) -> many
-- All variants of a version, in order.
SELECT seq, media, name, root, root_key, version, variant, source FROM media_names
WHERE owner = :owner AND root_key = :root_key AND version >= :oldest AND version <= :version
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
ORDER BY variant, seq;

-- name: names_of_media(media) -> many
-- All names of an item, newest first.
SELECT seq, media, name, root, root_key, version, variant, source FROM media_names
WHERE media = :media ORDER BY seq DESC;

-- name: labelled(owner, label) -> value
-- Finds the labels that older programs wrote.
SELECT id FROM media WHERE owner = :owner AND label = :label AND deleted_at IS NULL;

-- name: newest_version(owner, root_key) -> one
-- The highest version of a root, wherever its name came from.
SELECT seq, media, name, root, root_key, version, variant, source FROM media_names
WHERE owner = :owner AND root_key = :root_key
    AND EXISTS (SELECT 1 FROM media WHERE media.id = media_names.media AND media.deleted_at IS NULL)
ORDER BY version DESC, seq DESC LIMIT 1;
