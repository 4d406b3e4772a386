-- name: outcomes(owner, upstream, start, stop) -> many
-- Jobs that failed or whose outcome is unknown, by the day they count towards; also those that never
-- sent a request, which the ledger doesn't have. The index on `state` finds these few jobs.
SELECT
    day, operation,
    CAST(sum(CASE WHEN state = 'failed' AND charged = 'no' THEN 1 ELSE 0 END) AS BIGINT) AS failed,
    CAST(sum(CASE WHEN state = 'failed' AND charged <> 'no' THEN 1 ELSE 0 END) AS BIGINT)
        AS failed_charged,
    CAST(sum(CASE WHEN state = 'unknown' THEN 1 ELSE 0 END) AS BIGINT) AS unknown,
    max(coalesce(sent_at, created_at)) AS at
FROM jobs
WHERE owner = :owner AND state IN ('failed', 'unknown') AND upstream = :upstream
    AND coalesce(sent_at, created_at) >= :start AND coalesce(sent_at, created_at) < :stop
GROUP BY day, operation;

-- name: medians(owner, upstream, start, stop, max_seconds, rows) -> many
-- Median seconds of the done jobs of each operation, from sending to the stored result. The index on
-- `finished_at` finds the newest `rows` jobs; a job ends after it is sent.
SELECT NULL AS day, operation, avg(seconds) AS seconds FROM (
    SELECT
        operation, seconds,
        row_number() OVER (PARTITION BY operation ORDER BY seconds) AS place,
        count(*) OVER (PARTITION BY operation) AS jobs
    FROM (
        SELECT operation, finished_at - sent_at AS seconds FROM jobs
        WHERE upstream = :upstream AND finished_at >= :start AND owner = :owner
            AND state = 'done' AND origin = 'call' AND sent_at >= :start AND sent_at < :stop
            AND finished_at - sent_at BETWEEN 0 AND :max_seconds
        ORDER BY finished_at DESC LIMIT :rows
    ) AS newest
) AS timed
WHERE place IN ((jobs + 1) / 2, (jobs + 2) / 2)
GROUP BY operation;

-- name: medians_by_day(owner, upstream, start, stop, max_seconds, rows) -> many
-- The same for each day.
SELECT day, operation, avg(seconds) AS seconds FROM (
    SELECT
        day, operation, seconds,
        row_number() OVER (PARTITION BY day, operation ORDER BY seconds) AS place,
        count(*) OVER (PARTITION BY day, operation) AS jobs
    FROM (
        SELECT day, operation, finished_at - sent_at AS seconds FROM jobs
        WHERE upstream = :upstream AND finished_at >= :start AND owner = :owner
            AND state = 'done' AND origin = 'call' AND sent_at >= :start AND sent_at < :stop
            AND finished_at - sent_at BETWEEN 0 AND :max_seconds
        ORDER BY finished_at DESC LIMIT :rows
    ) AS newest
) AS timed
WHERE place IN ((jobs + 1) / 2, (jobs + 2) / 2)
GROUP BY day, operation;
