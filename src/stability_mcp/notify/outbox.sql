-- name: due(owner, upstream, since, now, max_retry, copying, limit) -> many
-- The first condition uses the index; the others filter the few remaining rows. A done job waits
-- until its readable copies are written, unless that takes too long.
SELECT id, finished_at, notified_at, notify_after FROM jobs
WHERE upstream = :upstream AND finished_at > :since
    AND owner = :owner AND state IN ('done', 'failed', 'cancelled', 'unknown')
    AND (notified_at IS NULL OR notified_at <= finished_at)
    AND (notify_after IS NULL OR notify_after <= :now OR notify_after > :now + :max_retry)
    AND NOT (state = 'done' AND output_dir IS NOT NULL AND finished_at > :copying
        AND EXISTS (SELECT 1 FROM media
            WHERE media.job = jobs.id AND copy_path IS NULL AND deleted_at IS NULL))
ORDER BY finished_at LIMIT :limit;

-- name: claim(job, finished_at, notified_at, notify_after, until) -> count
-- No row changes if another process was faster, or if the job finished again.
UPDATE jobs SET notify_after = :until
WHERE id = :job AND finished_at = :finished_at
    AND notified_at IS NOT DISTINCT FROM :notified_at
    AND notify_after IS NOT DISTINCT FROM :notify_after;

-- name: mark_delivered(job, finished_at, claim, now) -> count
-- No row changes if the claim expired and another process holds the notification.
UPDATE jobs SET notified_at = :now, notify_after = NULL
WHERE id = :job AND finished_at = :finished_at AND notify_after = :claim;

-- name: postpone(job, finished_at, claim, until) -> count
-- The same condition.
UPDATE jobs SET notify_after = :until
WHERE id = :job AND finished_at = :finished_at AND notify_after = :claim;

-- name: results(job) -> many
-- The media listed in the message.
SELECT id, media_type, copy_path FROM media
WHERE job = :job AND deleted_at IS NULL ORDER BY position;

-- name: charged(job) -> value
-- Millicredits charged for a job, over all its attempts.
SELECT CAST(coalesce(sum(credits), 0) AS BIGINT) FROM charges
WHERE job = :job AND state IN ('charged', 'assumed');

-- name: begin(key, now) -> count
-- The first process that notifies sets the start time.
INSERT INTO meta (key, value) VALUES (:key, :now) ON CONFLICT (key) DO NOTHING;

-- name: begun(key) -> value
-- The time that `begin` set.
SELECT value FROM meta WHERE key = :key;
