-- name: cancel(job, error, now) -> count
-- Cancels only an unsent job.
UPDATE jobs
SET state = 'cancelled', charged = 'no', error = :error, cancel_at = :now, finished_at = :now,
    end_number = coalesce(
        (SELECT ended.end_number + 1 FROM jobs AS ended
            WHERE ended.owner = jobs.owner
                AND ended.end_number >= CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)
            ORDER BY ended.end_number DESC LIMIT 1),
        CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT))
WHERE id = :job AND state IN ('queued', 'paused');

-- name: request_cancel(job, now) -> count
-- A sent job is cancelled only if it is requeued.
UPDATE jobs SET cancel_at = coalesce(cancel_at, :now)
WHERE id = :job AND finished_at IS NULL;

-- name: is_cancel_requested(job) -> value
-- Whether cancelling a requeued job was requested.
SELECT 1 FROM jobs WHERE id = :job AND state = 'queued' AND cancel_at IS NOT NULL;

-- name: other_call(root, mine) -> value
-- Whether a call other than the caller's, in a living process, still waits for the job.
SELECT 1 FROM calls
WHERE (id = :root OR joined = :root) AND id <> :mine
    AND delivered_at IS NULL AND abandoned_at IS NULL
    AND process IN (SELECT id FROM processes)
LIMIT 1;
