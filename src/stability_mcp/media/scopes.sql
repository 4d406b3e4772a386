-- name: tagged(owner, tag_key, since, until, before, pattern, any_type, types..., limit) -> values
-- The newest seqs with a tag; the index of tags is in this order. `+` keeps SQLite from using the
-- index of times, which would sort them all.
SELECT media.seq FROM media_tags JOIN media ON media.seq = media_tags.media_seq
WHERE media_tags.owner = :owner AND media_tags.tag_key = :tag_key
    AND media_tags.media_seq < :before
    AND media.deleted_at IS NULL AND media.origin <> 'fitted'
    AND +media.created_at >= :since AND +media.created_at < :until
    AND (CAST(:any_type AS INTEGER) = 1 OR media.media_type IN (:types...))
    AND (CAST(:pattern AS TEXT) IS NULL
        OR lower(media.label) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/'
        OR lower(media.operation) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/')
ORDER BY media_tags.media_seq DESC LIMIT :limit;

-- name: among(owner, ids..., tag_key, since, until, before, pattern, any_type, types..., limit) -> values
-- The newest seqs among some items; a null tag matches every item. The expressions have SQLite find
-- the items by id.
SELECT media.seq FROM media
WHERE media.owner || '' = :owner AND media.id IN (:ids...) AND +media.seq < :before
    AND media.deleted_at IS NULL AND media.origin <> 'fitted'
    AND +media.created_at >= :since AND +media.created_at < :until
    AND (CAST(:any_type AS INTEGER) = 1 OR media.media_type IN (:types...))
    AND (CAST(:pattern AS TEXT) IS NULL
        OR lower(media.label) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/'
        OR lower(media.operation) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '/')
    AND (CAST(:tag_key AS TEXT) IS NULL OR EXISTS (
        SELECT 1 FROM media_tags
        WHERE media_tags.media = media.id AND media_tags.tag_key = CAST(:tag_key AS TEXT)
    ))
ORDER BY media.seq DESC LIMIT :limit;

-- name: direct_parents(children...) -> values
-- What several items were made from, once each.
SELECT DISTINCT parent FROM media_parents WHERE child IN (:children...);
