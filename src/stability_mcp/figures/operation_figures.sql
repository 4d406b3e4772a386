-- name: counts(owner, upstream) -> many
-- Number of jobs by operation and state.
SELECT operation, state, count(*) AS jobs FROM jobs
WHERE owner = :owner AND upstream = :upstream
GROUP BY operation, state
ORDER BY operation, state;

-- name: durations(owner, upstream, max_seconds, rows) -> many
-- Median and 95th percentile of the seconds of the newest `rows` done jobs, by operation, from sending
-- to the stored result. The percentile is the time of the job that is 95 % of the way up.
SELECT operation,
    avg(CASE WHEN place IN ((jobs + 1) / 2, (jobs + 2) / 2) THEN seconds END) AS median,
    max(CASE WHEN place = (95 * jobs + 99) / 100 THEN seconds END) AS p95
FROM (
    SELECT
        operation, seconds,
        row_number() OVER (PARTITION BY operation ORDER BY seconds) AS place,
        count(*) OVER (PARTITION BY operation) AS jobs
    FROM (
        SELECT operation, finished_at - sent_at AS seconds FROM jobs
        WHERE upstream = :upstream AND owner = :owner AND finished_at IS NOT NULL
            AND state = 'done' AND origin = 'call'
            AND finished_at - sent_at BETWEEN 0 AND :max_seconds
        ORDER BY finished_at DESC LIMIT :rows
    ) AS newest
) AS timed
GROUP BY operation
ORDER BY operation;
