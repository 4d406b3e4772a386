-- name: other_process(upstream, me) -> value
-- Whether another process could have sent the queued jobs.
SELECT 1 FROM processes WHERE upstream = :upstream AND id <> :me LIMIT 1;

-- name: pause_stale(upstream, fresh_since) -> count
-- Jobs queued long ago are not sent without the user's decision.
UPDATE jobs SET state = 'paused', process = NULL, lease_version = lease_version + 1
WHERE (process IS NULL OR process NOT IN (SELECT id FROM processes))
    AND upstream = :upstream AND finished_at IS NULL
    AND state = 'queued' AND created_at <= :fresh_since;

-- name: paused(owner, upstream) -> many
-- Jobs that wait for the user's decision, oldest first. Those of a run continue with the run.
SELECT id, price FROM jobs
WHERE owner = :owner AND state = 'paused' AND upstream = :upstream AND run IS NULL
ORDER BY seq;

-- name: resume(job, process, day, priority) -> count
-- A job keeps its own priority if that is lower (a higher number).
UPDATE jobs
SET state = 'queued', process = :process, lease_version = lease_version + 1, day = :day, wake_at = 0,
    error = NULL, priority = CASE WHEN priority > :priority THEN priority ELSE :priority END
WHERE id = :job AND state = 'paused';

-- name: submitting_of(dead) -> values
-- Jobs of a dead process whose request was in flight.
SELECT id FROM jobs
WHERE process = :dead AND finished_at IS NULL AND state = 'submitting';

-- name: submitting_unowned(upstream) -> values
-- The same for released jobs, and jobs whose process was removed while it was still writing.
SELECT id FROM jobs
WHERE (process IS NULL OR process NOT IN (SELECT id FROM processes))
    AND upstream = :upstream AND finished_at IS NULL AND state = 'submitting';

-- name: release_jobs(process) -> count
-- Any process of the upstream may take over its unfinished jobs.
UPDATE jobs SET process = NULL, lease_version = lease_version + 1
WHERE process = :process AND finished_at IS NULL;

-- name: mark_requests_sent(dead, now) -> count
-- The API may have counted the requests of a dead process, so their slots are kept from now.
UPDATE requests SET sent_at = :now WHERE process = :dead AND sent_at IS NULL;

-- name: delete_process(process) -> count
-- From now on its jobs are unowned.
DELETE FROM processes WHERE id = :process;

-- name: take_unowned(upstream, me) -> count
-- Every job without a living process that can continue.
UPDATE jobs SET process = :me, lease_version = lease_version + 1
WHERE (process IS NULL OR process NOT IN (SELECT id FROM processes))
    AND upstream = :upstream AND finished_at IS NULL
    AND state IN ('submitted', 'storing', 'queued');

-- name: has_unowned(upstream) -> value
-- Whether there are such jobs, or unowned jobs whose request was in flight.
SELECT 1 FROM jobs
WHERE (process IS NULL OR process NOT IN (SELECT id FROM processes))
    AND upstream = :upstream AND finished_at IS NULL
    AND state IN ('submitting', 'submitted', 'storing', 'queued')
LIMIT 1;

-- name: ended(ids...) -> values
-- Jobs that can't get a response any more; an unknown one can while its process lives.
SELECT id FROM jobs
WHERE id IN (:ids...) AND finished_at IS NOT NULL
    AND (state <> 'unknown' OR process NOT IN (SELECT id FROM processes));

-- name: lease_versions(ids...) -> many
-- Tells which process a file in the spool belongs to. A job that is storing keeps all its files:
-- one of them may hold the complete response.
SELECT id, lease_version FROM jobs WHERE id IN (:ids...) AND state <> 'storing';

-- name: missing_copies(upstream, since, limit) -> many
-- Results of ended processes that lack a requested readable copy.
SELECT jobs.id AS job, jobs.output_dir, media.id AS media
FROM jobs JOIN media ON media.job = jobs.id
WHERE jobs.upstream = :upstream AND jobs.finished_at > :since
    AND jobs.process NOT IN (SELECT id FROM processes)
    AND jobs.state = 'done' AND jobs.output_dir IS NOT NULL
    AND media.copy_path IS NULL AND media.deleted_at IS NULL
ORDER BY jobs.seq, media.position LIMIT :limit;

-- name: find_missing(upstream, since, limit) -> values
-- The condition on `finished_at` only enables the index: a job ends after it is sent.
SELECT id FROM jobs
WHERE upstream = :upstream AND finished_at > :since
    AND state = 'unknown' AND generation IS NOT NULL AND sent_at > :since
ORDER BY seq DESC LIMIT :limit;

-- name: take_missing(jobs..., upstream, me, since) -> many
-- Increments the lease version, so that two polling processes receive into separate files.
UPDATE jobs SET process = :me, lease_version = lease_version + 1
WHERE id IN (:jobs...) AND upstream = :upstream
    AND state = 'unknown' AND generation IS NOT NULL AND sent_at > :since
RETURNING id, seq, lease_version;

-- name: resume_polling(job, attempt, process, wake_at) -> count
-- The API still has the generation, so the job is polled as usual.
UPDATE jobs
SET state = 'submitted', process = :process, wake_at = :wake_at, finished_at = NULL, error = NULL
WHERE id = :job AND attempt = :attempt AND state = 'unknown';
