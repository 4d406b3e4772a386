-- name: gate(owner, upstream) -> one
-- What decides whether a request may be sent, and the latest day with spending.
SELECT upstreams.blocked_until, upstreams.paused_why,
    (SELECT max(spending.day) FROM spending
        WHERE spending.owner = :owner AND spending.upstream = :upstream) AS latest_day
FROM upstreams WHERE upstreams.id = :upstream;

-- name: submit(job, attempt, process, lease_version, day, now) -> count
-- The fence: changes no row if the job has been cancelled, taken over or sent.
UPDATE jobs SET state = 'submitting', attempt = attempt + 1, day = :day, sent_at = :now,
    error = NULL
WHERE id = :job AND state = 'queued' AND attempt = :attempt AND process = :process
    AND lease_version = :lease_version AND cancel_at IS NULL;

-- name: save_headers(job, attempt, answer, now) -> count
-- Accepted by attempt, even after the job was marked unknown.
UPDATE jobs SET state = 'storing', answer = :answer, answered_at = :now, finished_at = NULL,
    error = NULL
WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'unknown');

-- name: save_generation(job, attempt, generation, wake_at, now) -> count
-- Saves the id by which the generation is fetched; accepted by attempt.
UPDATE jobs SET state = 'submitted', generation = :generation, answered_at = :now,
    wake_at = :wake_at, finished_at = NULL, error = NULL
WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'unknown');
