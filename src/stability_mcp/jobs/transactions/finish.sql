-- name: requeue(job, attempt, wake_at, error) -> count
-- The request is known not to have been charged, so it may be sent again; in a paused run it waits.
UPDATE jobs SET wake_at = :wake_at, generation = NULL, error = :error,
    state = CASE WHEN EXISTS (SELECT 1 FROM runs WHERE runs.id = jobs.run AND runs.state = 'paused')
        THEN 'paused' ELSE 'queued' END
WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted');

-- name: pause(job, attempt, error) -> count
-- A job of a run that the API rejected because of the key or the balance; it keeps its reservation.
UPDATE jobs SET state = 'paused', process = NULL, lease_version = lease_version + 1, error = :error
WHERE id = :job AND attempt = :attempt AND state IN ('queued', 'submitting');

-- name: fail(job, attempt, charged, error, error_type, now, revisited) -> count
-- An unknown job fails only through the response to a later poll for its generation.
UPDATE jobs SET state = 'failed', charged = :charged, error = :error, error_type = :error_type,
    finished_at = :now,
    end_number = coalesce(
        (SELECT ended.end_number + 1 FROM jobs AS ended
            WHERE ended.owner = jobs.owner
                AND ended.end_number >= CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)
            ORDER BY ended.end_number DESC LIMIT 1),
        CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT))
WHERE id = :job AND attempt = :attempt
    AND (state IN ('queued', 'submitting', 'submitted', 'storing')
        OR state = 'unknown' AND CAST(:revisited AS BIGINT) = 1);

-- name: mark_unknown(job, attempt, error, now) -> count
-- It is unknown whether the request arrived; a late response is still accepted.
UPDATE jobs SET state = 'unknown', charged = 'assumed', error = :error, finished_at = :now,
    end_number = coalesce(
        (SELECT ended.end_number + 1 FROM jobs AS ended
            WHERE ended.owner = jobs.owner
                AND ended.end_number >= CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)
            ORDER BY ended.end_number DESC LIMIT 1),
        CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT))
WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted', 'storing');

-- name: mark_done(job, attempt, now) -> count
-- A result is accepted by attempt, whatever has happened to the job since.
UPDATE jobs SET state = 'done', charged = 'yes', error = NULL, finished_at = :now,
    end_number = coalesce(
        (SELECT ended.end_number + 1 FROM jobs AS ended
            WHERE ended.owner = jobs.owner
                AND ended.end_number >= CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)
            ORDER BY ended.end_number DESC LIMIT 1),
        CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT))
WHERE id = :job AND attempt = :attempt
    AND state IN ('submitting', 'submitted', 'storing', 'unknown');

-- name: inputs(job) -> many
-- The inputs of a job.
SELECT field, media FROM job_inputs WHERE job = :job ORDER BY field, position;

-- name: mark_delivered(calls..., now) -> count
-- Also marks the calls that these calls joined.
UPDATE calls SET delivered_at = :now WHERE delivered_at IS NULL
    AND (id IN (:calls...) OR id IN (SELECT asked.joined FROM calls AS asked WHERE asked.id IN (:calls...)));

-- name: mark_abandoned(call, now) -> count
-- From now on an identical call may join it.
UPDATE calls SET abandoned_at = :now
WHERE id = :call AND abandoned_at IS NULL AND delivered_at IS NULL;

-- name: load_call(call, owner) -> one
-- Calls of other owners are invisible.
SELECT id, joined, tool, created_at, cancelled_at, notes FROM calls
WHERE id = :call AND owner = :owner;

-- name: save_notes(call, notes) -> count
-- The answer may be rendered after a restart.
UPDATE calls SET notes = :notes WHERE id = :call;

-- name: cancel_call(call, now) -> count
-- Changes nothing if all jobs of the call have ended.
UPDATE calls SET cancelled_at = :now, abandoned_at = coalesce(abandoned_at, :now)
WHERE id = :call AND cancelled_at IS NULL AND EXISTS (
    SELECT 1 FROM jobs
    WHERE jobs.call = coalesce(calls.joined, calls.id) AND jobs.finished_at IS NULL
);
