-- name: newest(owner, origin, first, second, rows, limit) -> many
-- The newest items that fit; only the newest `rows` are looked at. `first` and `second` are patterns.
SELECT seq, id, label, media_type, origin, operation, created_at
FROM (
    SELECT seq, id, label, media_type, origin, operation, created_at,
        lower(coalesce(label, '') || ' ' || coalesce(operation, '')) AS words
    FROM media
    WHERE owner = :owner AND deleted_at IS NULL AND origin <> 'fitted'
    ORDER BY seq DESC LIMIT :rows
) AS recent
WHERE (CAST(:origin AS TEXT) IS NULL OR origin = :origin)
    AND words LIKE :first ESCAPE '/' AND words LIKE :second ESCAPE '/'
ORDER BY seq DESC LIMIT :limit;

-- name: newest_of_type(owner, media_type, origin, first, second, rows, limit) -> many
-- The index returns one type at a time: the last sound among many pictures is found at once.
SELECT seq, id, label, media_type, origin, operation, created_at
FROM (
    SELECT seq, id, label, media_type, origin, operation, created_at,
        lower(coalesce(label, '') || ' ' || coalesce(operation, '')) AS words
    FROM media
    WHERE owner = :owner AND media_type = :media_type AND deleted_at IS NULL
        AND origin <> 'fitted'
    ORDER BY seq DESC LIMIT :rows
) AS recent
WHERE (CAST(:origin AS TEXT) IS NULL OR origin = :origin)
    AND words LIKE :first ESCAPE '/' AND words LIKE :second ESCAPE '/'
ORDER BY seq DESC LIMIT :limit;

-- name: newest_of_period(owner, since, until, any_type, types..., origin, first, second, rows, limit) -> many
-- The same for a period, in the order of time.
SELECT seq, id, label, media_type, origin, operation, created_at
FROM (
    SELECT seq, id, label, media_type, origin, operation, created_at,
        lower(coalesce(label, '') || ' ' || coalesce(operation, '')) AS words
    FROM media
    WHERE owner = :owner AND deleted_at IS NULL AND origin <> 'fitted'
        AND created_at >= :since AND created_at < :until
    ORDER BY created_at DESC, seq DESC LIMIT :rows
) AS recent
WHERE (CAST(:any_type AS INTEGER) = 1 OR media_type IN (:types...))
    AND (CAST(:origin AS TEXT) IS NULL OR origin = :origin)
    AND words LIKE :first ESCAPE '/' AND words LIKE :second ESCAPE '/'
ORDER BY created_at DESC, seq DESC LIMIT :limit;

-- name: present_names(ids...) -> many
-- Root and version of the labels of items; unnamed items have no row.
SELECT media_names.media, media_names.root_key, media_names.version, media_names.variant,
    media_names.source
FROM media_names JOIN media ON media.id = media_names.media AND media.label = media_names.name
WHERE media_names.media IN (:ids...);
