-- name: due(owner, upstream, since, now, max_retry, copying, limit) -> many
-- The first condition is for the index; the others filter the few rows that it leaves. A job that is
-- done waits until its readable copies are written, unless they take too long.
SELECT id, finished_at, told_at FROM jobs
WHERE upstream = :upstream AND finished_at > :since
    AND owner = :owner AND state IN ('done', 'failed', 'cancelled', 'unknown')
    AND (told_at IS NULL OR told_at BETWEEN 0 AND finished_at
        OR told_at < 0 AND (-told_at <= :now OR -told_at > :now + :max_retry))
    AND NOT (state = 'done' AND output_dir IS NOT NULL AND finished_at > :copying
        AND EXISTS (SELECT 1 FROM media
            WHERE media.job = jobs.id AND copy_path IS NULL AND deleted_at IS NULL))
ORDER BY finished_at LIMIT :limit;

-- name: claim(job, finished_at, known, claim) -> count
-- No row changes if another process claimed the end first, or if the job ended once more.
UPDATE jobs SET told_at = :claim
WHERE id = :job AND finished_at = :finished_at AND told_at IS NOT DISTINCT FROM :known;

-- name: settle(job, finished_at, claim, at) -> count
-- No row changes if the claim expired and another process has the end.
UPDATE jobs SET told_at = :at
WHERE id = :job AND finished_at = :finished_at AND told_at = :claim;

-- name: results(job) -> many
-- The media that the message names.
SELECT id, media_type, copy_path FROM media
WHERE job = :job AND deleted_at IS NULL ORDER BY position;

-- name: charged(job) -> value
-- Millicredits of a job, over all its attempts.
SELECT CAST(coalesce(sum(credits), 0) AS BIGINT) FROM charges
WHERE job = :job AND state IN ('charged', 'assumed');

-- name: begin(key, now) -> count
-- The first process that notifies sets the time from which ends count.
INSERT INTO meta (key, value) VALUES (:key, :now) ON CONFLICT (key) DO NOTHING;

-- name: begun(key) -> value
-- The time that `begin` set.
SELECT value FROM meta WHERE key = :key;
