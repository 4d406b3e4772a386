-- name: jobs_by_id(ids...) -> many
-- Jobs with all columns, and whether an answer delivered their results. Every waiting call uses it.
SELECT
    jobs.seq, jobs.id, jobs.owner, jobs.upstream, jobs.call, jobs.position, jobs.run,
    jobs.step, jobs.item, jobs.operation, jobs.arguments, jobs.deferred, jobs.priority, jobs.state, jobs.process, jobs.lease_version,
    jobs.attempt, jobs.wake_at, jobs.day, jobs.price, jobs.charged, jobs.generation, jobs.answer,
    jobs.error, jobs.label, jobs.output_dir, jobs.created_at, jobs.sent_at, jobs.finished_at,
    jobs.cancel_at, jobs.origin, jobs.stripped_at, jobs.variant, jobs.label_source, jobs.error_type,
    calls.delivered_at IS NOT NULL AS collected, calls.client
FROM jobs LEFT JOIN calls ON calls.id = jobs.call
WHERE jobs.id IN (:ids...);

-- name: results(jobs...) -> many
-- Media of done jobs, in order.
SELECT job, id FROM media
WHERE job IN (:jobs...) AND deleted_at IS NULL
ORDER BY job, position;

-- name: page(owner, before, limit) -> values
-- The newest jobs of an owner.
SELECT id FROM jobs
WHERE owner = :owner AND seq < :before
ORDER BY seq DESC LIMIT :limit;

-- name: page_in_states(owner, states..., operation, since, until, before, limit) -> values
-- The newest jobs in some states, for states that few jobs are in; a null operation matches all.
SELECT id FROM jobs
WHERE owner = :owner AND state IN (:states...) AND seq < :before
    AND created_at >= :since AND created_at < :until
    AND (CAST(:operation AS TEXT) IS NULL OR operation || '' = CAST(:operation AS TEXT))
ORDER BY seq DESC LIMIT :limit;

-- name: page_of_operation(owner, operation, states..., before, limit) -> values
-- The newest jobs of one operation. Without `|| ''` SQLite would read and sort every job in these
-- states instead of using the index that is in order; the same below.
SELECT id FROM jobs
WHERE owner = :owner AND operation = :operation AND seq < :before AND state || '' IN (:states...)
ORDER BY seq DESC LIMIT :limit;

-- name: page_of_period(owner, since, at, before, operation, states..., limit) -> values
-- The newest jobs created from `since` to just before (`at`, `before`); a null operation matches all.
SELECT id FROM jobs
WHERE owner = :owner AND created_at >= :since AND (created_at, seq) < (:at, :before)
    AND (CAST(:operation AS TEXT) IS NULL OR operation || '' = CAST(:operation AS TEXT))
    AND state || '' IN (:states...)
ORDER BY created_at DESC, seq DESC LIMIT :limit;

-- name: created_at(owner, seq) -> value
-- When a job was created, to continue a list after it; an older job's time if it was deleted.
SELECT created_at FROM jobs WHERE owner = :owner AND seq <= :seq ORDER BY seq DESC LIMIT 1;

-- name: states(ids...) -> many
-- The columns that a waiting call compares to detect changes.
SELECT id, state, attempt, process FROM jobs WHERE id IN (:ids...);

-- name: unfinished(owner, upstream) -> values
-- Unfinished jobs that have an owning process. Those of a run are waited for with the run.
SELECT id FROM jobs
WHERE owner = :owner AND upstream = :upstream AND process IS NOT NULL AND run IS NULL
    AND state IN ('queued', 'paused', 'submitting', 'submitted', 'storing');

-- name: unfinished_states(owner) -> many
-- Changes when a job changes state or ends.
SELECT id, state, attempt FROM jobs
WHERE owner = :owner AND state IN ('queued', 'paused', 'submitting', 'submitted', 'storing');

-- name: newest(owner) -> value
-- Changes when a job is added.
SELECT max(seq) FROM jobs WHERE owner = :owner;

-- name: uncollected(owner, since, page) -> many
-- Finished jobs for which no call waits: each call ended without the result, or its process died.
-- The calls of a run are written as delivered, so they never appear here; those of the web page
-- don't either, as it shows all jobs.
SELECT
    jobs.id,
    coalesce(media.label, jobs.id) AS name,
    jobs.state = 'unknown' AND jobs.generation IS NOT NULL AND jobs.sent_at > :since AS missing
FROM calls
JOIN jobs ON jobs.call = calls.id
LEFT JOIN media ON media.job = jobs.id AND media.position = 0 AND media.deleted_at IS NULL
WHERE calls.owner = :owner AND calls.delivered_at IS NULL
    AND coalesce(calls.client, '') <> :page
    AND (calls.abandoned_at IS NOT NULL OR calls.process NOT IN (SELECT id FROM processes))
    AND NOT EXISTS (
        SELECT 1 FROM calls AS joined_call
        WHERE joined_call.joined = calls.id
            AND joined_call.delivered_at IS NULL AND joined_call.abandoned_at IS NULL
            AND joined_call.process IN (SELECT id FROM processes)
    )
    AND jobs.finished_at IS NOT NULL AND jobs.state <> 'cancelled'
ORDER BY jobs.seq;

-- name: job_of_generation(owner, upstream, generation) -> value
-- The newest job of a generation at the API.
SELECT id FROM jobs
WHERE owner = :owner AND upstream = :upstream AND generation = :generation
ORDER BY seq DESC LIMIT 1;

-- name: ended_after(owner, number, limit) -> many
-- Jobs in the order of their ends, after the one with a number.
SELECT id, end_number FROM jobs
WHERE owner = :owner AND end_number > :number ORDER BY end_number LIMIT :limit;

-- name: newest_end(owner) -> value
-- The number of the last end; no row: no job ended yet.
SELECT end_number FROM jobs
WHERE owner = :owner AND end_number IS NOT NULL ORDER BY end_number DESC LIMIT 1;
