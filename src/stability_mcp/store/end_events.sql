-- name: add_job_end(job) -> count
-- A delivery to each webhook of the account that subscribes to the ends of jobs, due at once.
INSERT INTO deliveries (owner, upstream, webhook, message, type, subject, ended_at, next_at)
SELECT jobs.owner, jobs.upstream, webhooks.id,
    'job_' || jobs.id || '_' || CAST(jobs.end_number AS TEXT), 'job.ended', jobs.id,
    jobs.finished_at, jobs.finished_at
FROM jobs
JOIN webhooks ON webhooks.owner = jobs.owner AND webhooks.upstream = jobs.upstream
WHERE jobs.id = :job AND webhooks.disabled_at IS NULL AND webhooks.events LIKE '%"job.ended"%';

-- name: add_run_stop(run) -> count
-- The same for a run that has ended or stopped for review; a paused one is not reported.
INSERT INTO deliveries (owner, upstream, webhook, message, type, subject, ended_at, next_at)
SELECT runs.owner, runs.upstream, webhooks.id,
    'run_' || runs.id || '_' || CAST(runs.end_number AS TEXT),
    CASE WHEN runs.state = 'review' THEN 'run.review' ELSE 'run.ended' END, runs.id,
    runs.changed_at, runs.changed_at
FROM runs
JOIN webhooks ON webhooks.owner = runs.owner AND webhooks.upstream = runs.upstream
WHERE runs.id = :run AND webhooks.disabled_at IS NULL
    AND (runs.state = 'review' AND webhooks.events LIKE '%"run.review"%'
        OR runs.state IN ('done', 'failed', 'cancelled') AND webhooks.events LIKE '%"run.ended"%');
