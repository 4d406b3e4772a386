-- name: in_force(owner, upstream, scope, client, process, now) -> many
-- The limits that may bind a client, with what their jobs have cost; without a scope, every limit.
-- On stdio, the limit of another process binds once that process has ended; a client without a name
-- may be any.
SELECT spend_limits.id, spend_limits.scope, spend_limits.client, spend_limits.process,
    (SELECT count(*) FROM processes WHERE processes.id = spend_limits.process) AS registered,
    spend_limits.max_credits, spend_limits.ends_at,
    CAST(coalesce(sum(CASE WHEN jobs.charged IN ('yes', 'assumed') THEN jobs.price ELSE 0 END), 0)
        AS BIGINT) AS spent,
    CAST(coalesce(sum(CASE WHEN jobs.charged = 'reserved' THEN jobs.price ELSE 0 END), 0)
        AS BIGINT) AS reserved
FROM spend_limits
    LEFT JOIN spend_limit_jobs ON spend_limit_jobs.spend_limit = spend_limits.id
    LEFT JOIN jobs ON jobs.id = spend_limit_jobs.job
WHERE spend_limits.owner = :owner AND spend_limits.upstream = :upstream
    AND spend_limits.ends_at > :now AND spend_limits.lifted_at IS NULL
    AND (CAST(:scope AS TEXT) IS NULL OR spend_limits.scope = :scope
        AND (spend_limits.process = :process OR spend_limits.client IN (:client, '')
            OR CAST(:client AS TEXT) = ''))
GROUP BY spend_limits.id, spend_limits.scope, spend_limits.client, spend_limits.process,
    spend_limits.max_credits, spend_limits.ends_at
ORDER BY spend_limits.id;

-- name: lock(ids...) -> count
-- Changes nothing. Where transactions write side by side, the next one waits here, and then reads
-- the jobs that this one has added.
UPDATE spend_limits SET max_credits = max_credits WHERE id IN (:ids...);

-- name: counted(id, jobs...) -> values
-- Which of these jobs count towards a limit already.
SELECT job FROM spend_limit_jobs WHERE spend_limit = :id AND job IN (:jobs...);

-- name: count_job(spend_limit, job) -> count
-- Counts a job towards a limit, once.
INSERT INTO spend_limit_jobs (spend_limit, job) VALUES (:spend_limit, :job)
ON CONFLICT DO NOTHING;

-- name: insert(owner, upstream, scope, client, process, max_credits, now, ends_at) -> count
-- Sets a limit where none is in force.
INSERT INTO spend_limits (owner, upstream, scope, client, process, max_credits, created_at, ends_at)
VALUES (:owner, :upstream, :scope, :client, :process, :max_credits, :now, :ends_at);

-- name: change(id, max_credits, ends_at) -> count
-- The caller has checked that this is stricter, or that the user has agreed.
UPDATE spend_limits SET max_credits = :max_credits, ends_at = :ends_at WHERE id = :id;

-- name: lift(ids..., now) -> count
-- Only after the user has agreed.
UPDATE spend_limits SET lifted_at = :now WHERE id IN (:ids...) AND lifted_at IS NULL;

-- name: release(process) -> count
-- The limits of a process that takes no calls any more: they bind the client's next process.
UPDATE spend_limits SET process = NULL WHERE process = :process;
