-- name: labels_between(owner, first, last, limit) -> values
-- Labels with the same start as a name: a range of the label index.
SELECT label FROM media
WHERE owner = :owner AND label IS NOT NULL AND deleted_at IS NULL
    AND label >= :first AND label < :last
LIMIT :limit;

-- name: newest_labels(owner, limit) -> values
-- A misspelt name usually means a recent item.
SELECT label FROM media
WHERE owner = :owner AND label IS NOT NULL AND deleted_at IS NULL
ORDER BY seq DESC LIMIT :limit;
