-- name: register_upstream(id, base_url, emulated) -> count
-- Run by every process that opens the store.
INSERT INTO upstreams (id, base_url, emulated) VALUES (:id, :base_url, :emulated)
ON CONFLICT DO NOTHING;

-- name: sending(upstream) -> one
-- Until when requests are blocked, and why sending is paused.
SELECT blocked_until, paused_why FROM upstreams WHERE id = :upstream;

-- name: pause(upstream, why) -> count
-- Pauses sending in every process of the upstream; NULL resumes it.
UPDATE upstreams SET paused_why = :why WHERE id = :upstream;

-- name: balance(upstream) -> one
-- The last known balance.
SELECT balance AS credits, balance_at AS at FROM upstreams WHERE id = :upstream AND balance IS NOT NULL;

-- name: save_balance(upstream, balance, now) -> count
-- Shared by all processes of the upstream.
UPDATE upstreams SET balance = :balance, balance_at = :now WHERE id = :upstream;

-- name: ledger_by_day(owner, upstream, since, start, stop, limit) -> many
-- Ledger totals by day, newest first; the next four statements have the same columns. The index
-- finds the first day; `start` and `stop` limit the times of requests.
SELECT
    charges.day, NULL AS operation, NULL AS job, NULL AS state, NULL AS attempt,
    max(charges.at) AS at, count(DISTINCT charges.job) AS jobs, count(*) AS requests,
    CAST(sum(CASE WHEN charges.state = 'free' THEN 1 ELSE 0 END) AS BIGINT) AS free,
    CAST(sum(CASE WHEN charges.state = 'charged' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS charged,
    CAST(sum(CASE WHEN charges.state = 'assumed' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS assumed,
    CAST(sum(CASE WHEN charges.state = 'sent' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS in_flight
FROM charges
WHERE charges.owner = :owner AND charges.upstream = :upstream AND charges.day >= :since
    AND charges.at >= :start AND charges.at < :stop
GROUP BY charges.day
ORDER BY max(charges.id) DESC LIMIT :limit;

-- name: ledger_by_operation(owner, upstream, since, start, stop, limit) -> many
-- Ledger totals by operation.
SELECT
    NULL AS day, jobs.operation, NULL AS job, NULL AS state, NULL AS attempt,
    max(charges.at) AS at, count(DISTINCT charges.job) AS jobs, count(*) AS requests,
    CAST(sum(CASE WHEN charges.state = 'free' THEN 1 ELSE 0 END) AS BIGINT) AS free,
    CAST(sum(CASE WHEN charges.state = 'charged' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS charged,
    CAST(sum(CASE WHEN charges.state = 'assumed' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS assumed,
    CAST(sum(CASE WHEN charges.state = 'sent' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS in_flight
FROM charges JOIN jobs ON jobs.id = charges.job
WHERE charges.owner = :owner AND charges.upstream = :upstream AND charges.day >= :since
    AND charges.at >= :start AND charges.at < :stop
GROUP BY jobs.operation
ORDER BY max(charges.id) DESC LIMIT :limit;

-- name: ledger_by_day_operation(owner, upstream, since, start, stop, limit) -> many
-- Ledger totals by day and operation.
SELECT
    charges.day, jobs.operation, NULL AS job, NULL AS state, NULL AS attempt,
    max(charges.at) AS at, count(DISTINCT charges.job) AS jobs, count(*) AS requests,
    CAST(sum(CASE WHEN charges.state = 'free' THEN 1 ELSE 0 END) AS BIGINT) AS free,
    CAST(sum(CASE WHEN charges.state = 'charged' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS charged,
    CAST(sum(CASE WHEN charges.state = 'assumed' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS assumed,
    CAST(sum(CASE WHEN charges.state = 'sent' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS in_flight
FROM charges JOIN jobs ON jobs.id = charges.job
WHERE charges.owner = :owner AND charges.upstream = :upstream AND charges.day >= :since
    AND charges.at >= :start AND charges.at < :stop
GROUP BY charges.day, jobs.operation
ORDER BY charges.day DESC, max(charges.id) DESC LIMIT :limit;

-- name: ledger_by_job(owner, upstream, since, start, stop, limit) -> many
-- Ledger totals by job, with the state of the job.
SELECT
    NULL AS day, jobs.operation, charges.job, jobs.state, NULL AS attempt,
    max(charges.at) AS at, count(DISTINCT charges.job) AS jobs, count(*) AS requests,
    CAST(sum(CASE WHEN charges.state = 'free' THEN 1 ELSE 0 END) AS BIGINT) AS free,
    CAST(sum(CASE WHEN charges.state = 'charged' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS charged,
    CAST(sum(CASE WHEN charges.state = 'assumed' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS assumed,
    CAST(sum(CASE WHEN charges.state = 'sent' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS in_flight
FROM charges JOIN jobs ON jobs.id = charges.job
WHERE charges.owner = :owner AND charges.upstream = :upstream AND charges.day >= :since
    AND charges.at >= :start AND charges.at < :stop
GROUP BY charges.job, jobs.operation, jobs.state
ORDER BY max(charges.id) DESC LIMIT :limit;

-- name: ledger_by_request(owner, upstream, since, start, stop, limit) -> many
-- Every request, with the state of its charge.
SELECT
    charges.day, jobs.operation, charges.job, charges.state, charges.attempt,
    max(charges.at) AS at, count(DISTINCT charges.job) AS jobs, count(*) AS requests,
    CAST(sum(CASE WHEN charges.state = 'free' THEN 1 ELSE 0 END) AS BIGINT) AS free,
    CAST(sum(CASE WHEN charges.state = 'charged' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS charged,
    CAST(sum(CASE WHEN charges.state = 'assumed' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS assumed,
    CAST(sum(CASE WHEN charges.state = 'sent' THEN charges.credits ELSE 0 END) AS BIGINT)
        AS in_flight
FROM charges JOIN jobs ON jobs.id = charges.job
WHERE charges.owner = :owner AND charges.upstream = :upstream AND charges.day >= :since
    AND charges.at >= :start AND charges.at < :stop
GROUP BY charges.job, charges.attempt, jobs.operation, charges.state, charges.day
ORDER BY max(charges.id) DESC LIMIT :limit;

-- name: ledger_total(owner, upstream, since, start, stop) -> one
-- The total since a day and within a period; 0 without charges.
SELECT
    NULL AS day, NULL AS operation, NULL AS job, NULL AS state, NULL AS attempt,
    coalesce(max(at), 0) AS at, count(DISTINCT job) AS jobs, count(*) AS requests,
    CAST(coalesce(sum(CASE WHEN state = 'free' THEN 1 ELSE 0 END), 0) AS BIGINT) AS free,
    CAST(coalesce(sum(CASE WHEN state = 'charged' THEN credits ELSE 0 END), 0) AS BIGINT)
        AS charged,
    CAST(coalesce(sum(CASE WHEN state = 'assumed' THEN credits ELSE 0 END), 0) AS BIGINT)
        AS assumed,
    CAST(coalesce(sum(CASE WHEN state = 'sent' THEN credits ELSE 0 END), 0) AS BIGINT)
        AS in_flight
FROM charges
WHERE owner = :owner AND upstream = :upstream AND day >= :since
    AND at >= :start AND at < :stop;

-- name: recent_seconds(owner, upstream, operation, rows, jobs, max_seconds) -> values
-- How long the newest jobs of an operation took, from sending to the stored result. The index finds
-- the newest `rows` of all upstreams, so the statement takes as long in a large store.
SELECT seconds FROM (
    SELECT seq, upstream, state, origin, finished_at - sent_at AS seconds FROM jobs
    WHERE owner = :owner AND operation = :operation ORDER BY seq DESC LIMIT :rows
) AS newest
WHERE upstream = :upstream AND state = 'done' AND origin = 'call'
    AND seconds BETWEEN 0 AND :max_seconds
ORDER BY seq DESC LIMIT :jobs;

-- name: client_timeouts(key) -> value
-- The timeouts of a client, as JSON.
SELECT value FROM meta WHERE key = :key;

-- name: save_client_timeouts(key, value) -> count
-- Replaces the timeouts of a client.
INSERT INTO meta (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
