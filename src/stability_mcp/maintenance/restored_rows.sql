-- name: unfinished() -> many
-- Jobs that were unfinished when the backup was made.
SELECT id, state FROM jobs WHERE finished_at IS NULL ORDER BY seq;

-- name: cancel(job, error, now) -> count
-- Only a job that had not been sent then.
UPDATE jobs
SET state = 'cancelled', charged = 'no', error = :error, cancel_at = :now, finished_at = :now,
    end_number = coalesce(
        (SELECT ended.end_number + 1 FROM jobs AS ended
            WHERE ended.owner = jobs.owner
                AND ended.end_number >= CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)
            ORDER BY ended.end_number DESC LIMIT 1),
        CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT))
WHERE id = :job AND state IN ('queued', 'paused');

-- name: release_jobs() -> count
-- The processes of the backup are gone; the next server of the same upstream polls what was sent.
UPDATE jobs SET process = NULL, lease_version = lease_version + 1 WHERE finished_at IS NULL;

-- name: pause_runs(why, now) -> count
-- What a running workflow would start next may have been sent since.
UPDATE runs SET state = 'paused', why = :why, collected_at = NULL, changed_at = :now
WHERE state = 'running' AND finished_at IS NULL;

-- name: release_runs() -> count
-- The processes of the backup are gone, and so are the clients that started its runs: on this
-- machine a folder of the same name may be anybody's.
UPDATE runs SET process = NULL, workspace = NULL
WHERE process IS NOT NULL OR workspace IS NOT NULL;

-- name: delete_unused_answers() -> count
-- A yes counts once, and may have been used since.
DELETE FROM confirmations WHERE used_by IS NULL;

-- name: delete_uploads() -> count
-- Files that were being sent aren't part of a backup.
DELETE FROM uploads;

-- name: delete_processes() -> count
-- They ran when the backup was made.
DELETE FROM processes;

-- name: delete_requests() -> count
-- Their rate-limit slots expired long ago.
DELETE FROM requests;
