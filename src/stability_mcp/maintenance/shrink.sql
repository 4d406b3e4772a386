-- name: stored_bytes() -> value
-- Size of the stored media; equal bytes count once.
SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM blobs;

-- name: deleted_candidates(after, after_id, cutoff, limit) -> many
-- Items that the user deleted, in the order in which they were deleted.
SELECT deleted_at AS at, 'deleted' AS kind, id FROM media
WHERE deleted_at < :cutoff
    AND (deleted_at > :after OR deleted_at = :after AND id > :after_id)
ORDER BY deleted_at, id LIMIT :limit;

-- name: candidates(after, after_id, cutoff, named, limit) -> many
-- Jobs with results, and imported and fitted items, oldest first. An item has a name of its own if
-- the caller gave it one (source 2, see media.labels.NameSource) or tagged it.
SELECT found.at, found.kind, found.id FROM (
    SELECT jobs.finished_at AS at, 'job' AS kind, jobs.id AS id,
        CASE WHEN EXISTS (
            SELECT 1 FROM media
            WHERE media.job = jobs.id AND (
                EXISTS (SELECT 1 FROM media_names
                    WHERE media_names.media = media.id AND media_names.source = 2)
                OR EXISTS (SELECT 1 FROM media_tags WHERE media_tags.media = media.id)
            )
        ) THEN 1 ELSE 0 END AS named
    FROM jobs
    WHERE jobs.finished_at < :cutoff
        AND jobs.state IN ('done', 'failed', 'cancelled', 'unknown') AND jobs.stripped_at IS NULL
        AND EXISTS (SELECT 1 FROM media WHERE media.job = jobs.id)
    UNION ALL
    SELECT media.created_at, 'media', media.id,
        CASE WHEN EXISTS (
                SELECT 1 FROM media_names
                WHERE media_names.media = media.id AND media_names.source = 2
            ) OR EXISTS (SELECT 1 FROM media_tags WHERE media_tags.media = media.id)
        THEN 1 ELSE 0 END
    FROM media
    WHERE media.job IS NULL AND media.deleted_at IS NULL AND media.created_at < :cutoff
) AS found
WHERE found.named = :named
    AND (found.at > :after OR found.at = :after AND found.id > :after_id)
ORDER BY found.at, found.id LIMIT :limit;
