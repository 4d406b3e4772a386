-- name: cancel(job, error, now) -> count
-- Only a job that was not sent is cancelled.
UPDATE jobs
SET state = 'cancelled', charged = 'no', error = :error, cancel_at = :now, finished_at = :now
WHERE id = :job AND state IN ('queued', 'paused');

-- name: request_cancel(job, now) -> count
-- A job that was sent is cancelled only if it comes back into the queue.
UPDATE jobs SET cancel_at = coalesce(cancel_at, :now)
WHERE id = :job AND finished_at IS NULL;

-- name: is_cancel_requested(job) -> value
-- Whether a job that came back into the queue is not wanted any more.
SELECT 1 FROM jobs WHERE id = :job AND state = 'queued' AND cancel_at IS NOT NULL;

-- name: other_call(root, mine) -> value
-- Whether a living call other than that of the caller still waits for the job.
SELECT 1 FROM calls
WHERE (id = :root OR joined = :root) AND id <> :mine
    AND delivered_at IS NULL AND abandoned_at IS NULL
    AND process IN (SELECT id FROM processes)
LIMIT 1;
