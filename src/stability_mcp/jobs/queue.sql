-- name: count_unsent(upstream, max_jobs) -> value
-- Stops counting early: only "more than a few" matters.
SELECT count(*) FROM (
    SELECT 1 FROM jobs WHERE upstream = :upstream AND state = 'queued' AND finished_at IS NULL
    LIMIT :max_jobs
) AS unsent;
