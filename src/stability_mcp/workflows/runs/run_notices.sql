-- name: uncollected(owner) -> many
-- Runs that are running, wait for the user, or ended, since an answer last showed them. Few at a time.
SELECT id, title, state FROM runs
WHERE owner = :owner AND collected_at IS NULL AND state <> 'cancelled'
ORDER BY seq;

-- name: open_runs(owner) -> many
-- Unfinished runs, with the time of their last change as a number of milliseconds.
SELECT id, state, CAST(changed_at * 1000 AS BIGINT) AS changed FROM runs
WHERE owner = :owner AND finished_at IS NULL ORDER BY seq;

-- name: newest(owner) -> value
-- Grows with each new run.
SELECT coalesce(max(seq), 0) FROM runs WHERE owner = :owner;
