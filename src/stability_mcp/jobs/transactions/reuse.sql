-- name: open_calls(key, since) -> many
-- Identical calls whose results were not delivered. Usually there are none.
SELECT process, abandoned_at IS NULL AS waiting FROM calls
WHERE call_key = :key AND created_at > :since AND delivered_at IS NULL;

-- name: find_joinable(key, since, dead...) -> value
-- The oldest call with usable jobs that no living caller waits for. If there are several, each
-- repeated call joins another one.
SELECT root.id FROM calls AS root
WHERE root.call_key = :key AND root.joined IS NULL AND root.created_at > :since
    AND root.delivered_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM calls AS waiter
        WHERE (waiter.id = root.id OR waiter.joined = root.id)
            AND (waiter.delivered_at IS NOT NULL
                OR waiter.abandoned_at IS NULL
                    AND waiter.process NOT IN (:dead...)
                    AND waiter.process IN (SELECT id FROM processes))
    )
    AND EXISTS (SELECT 1 FROM jobs WHERE jobs.call = root.id)
    AND NOT EXISTS (
        SELECT 1 FROM jobs LEFT JOIN media ON media.job = jobs.id
        WHERE jobs.call = root.id
            AND (jobs.run IS NOT NULL OR jobs.cancel_at IS NOT NULL
                OR jobs.state IN ('failed', 'unknown', 'cancelled')
                OR jobs.state = 'done' AND (media.id IS NULL OR media.deleted_at IS NOT NULL
                    OR coalesce(media.finish_reason, 'SUCCESS') <> 'SUCCESS'))
    )
ORDER BY root.seq LIMIT 1;

-- name: unknown_job(owner, key, since) -> one
-- The newest job of an identical call whose outcome is unknown and that was not repeated. There are
-- few unknown jobs, so they are read before the calls.
SELECT jobs.id, jobs.price, jobs.generation, jobs.created_at FROM jobs
WHERE jobs.owner = :owner AND jobs.state = 'unknown' AND jobs.created_at > :since
    AND EXISTS (SELECT 1 FROM calls WHERE calls.id = jobs.call AND calls.call_key = :key)
    AND NOT EXISTS (
        SELECT 1 FROM jobs AS repeated
        WHERE repeated.owner = jobs.owner AND repeated.seq > jobs.seq
            AND repeated.retry_of = jobs.id
    )
ORDER BY jobs.seq DESC LIMIT 1;

-- name: wake(root, process) -> count
-- Takes the unowned queued jobs of a call, because a caller waits for them again.
UPDATE jobs SET process = :process, lease_version = lease_version + 1
WHERE call = :root AND process IS NULL AND state = 'queued' AND finished_at IS NULL;

-- name: jobs_of_call(call) -> many
-- The call's own jobs, or those of the call that it joined, and the cached jobs that answer it.
SELECT jobs.id, jobs.position, caller.cached FROM calls AS caller
LEFT JOIN jobs ON jobs.call = caller.id
WHERE caller.id = (SELECT coalesce(asked.joined, asked.id) FROM calls AS asked WHERE asked.id = :call)
ORDER BY jobs.position, jobs.seq;

-- name: find_cached(key) -> value
-- The newest done job with the same result; the key includes its owner. The state is a literal
-- because the partial index covers only that state.
SELECT jobs.id FROM jobs
WHERE jobs.result_key = :key AND jobs.state = 'done'
    AND EXISTS (SELECT 1 FROM media WHERE media.job = jobs.id)
    AND NOT EXISTS (
        SELECT 1 FROM media WHERE media.job = jobs.id
            AND (media.deleted_at IS NOT NULL
                OR coalesce(media.finish_reason, 'SUCCESS') <> 'SUCCESS')
    )
ORDER BY jobs.seq DESC LIMIT 1;

-- name: count_entries(owner, upstream) -> value
-- Number of cached results.
SELECT count(*) FROM jobs
WHERE result_key IS NOT NULL AND state = 'done' AND owner = :owner AND upstream = :upstream;

-- name: count_hits(owner, upstream) -> one
-- Calls that the cache answered, and what they would have cost.
SELECT count(*) AS hits, CAST(coalesce(sum(saved), 0) AS BIGINT) AS saved FROM calls
WHERE saved IS NOT NULL AND owner = :owner AND upstream = :upstream;

-- name: clear_cache(owner, upstream) -> count
-- Removes jobs from the cache; their results stay.
UPDATE jobs SET result_key = NULL
WHERE result_key IS NOT NULL AND owner = :owner AND upstream = :upstream;

-- name: find_call_of_step(run, step, item, retry_of) -> value
-- The call of the newest job for a place in a run. For a retry, only the call of an earlier retry of
-- the same job counts, or that of the job itself if its result arrived late.
SELECT call FROM jobs
WHERE run = :run AND step = :step AND item = :item
    AND (CAST(:retry_of AS TEXT) IS NULL OR retry_of = CAST(:retry_of AS TEXT)
        OR id = CAST(:retry_of AS TEXT) AND state NOT IN ('failed', 'cancelled', 'unknown'))
ORDER BY seq DESC LIMIT 1;
