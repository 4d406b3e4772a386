-- name: labels_between(owner, first, last, limit) -> values
-- Labels that begin like a name: a range of the index of labels.
SELECT label FROM media
WHERE owner = :owner AND label IS NOT NULL AND deleted_at IS NULL
    AND label >= :first AND label < :last
LIMIT :limit;

-- name: newest_labels(owner, limit) -> values
-- A misspelt name is most often that of a recent item.
SELECT label FROM media
WHERE owner = :owner AND label IS NOT NULL AND deleted_at IS NULL
ORDER BY seq DESC LIMIT :limit;
