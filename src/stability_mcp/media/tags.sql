-- name: delete_tags(media) -> count
-- Before others are set, or with the item.
DELETE FROM media_tags WHERE media = :media;

-- name: insert_tag(owner, media, tag, tag_key, position) -> count
-- The seq of the item puts lists by tag in their order; a deleted item gets no tag.
INSERT INTO media_tags (media, tag_key, position, owner, tag, media_seq)
SELECT media.id, CAST(:tag_key AS TEXT), CAST(:position AS BIGINT), media.owner, CAST(:tag AS TEXT),
    media.seq
FROM media WHERE media.owner = :owner AND media.id = :media AND media.deleted_at IS NULL;

-- name: tags_of(ids...) -> many
-- The caller checks the owner.
SELECT media, tag FROM media_tags WHERE media IN (:ids...) ORDER BY media, position;
