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

-- name: open_progress(owner) -> many
-- Unfinished runs with numbers that change when one starts or settles an item, or changes state.
SELECT runs.id, runs.state, CAST(runs.changed_at * 1000 AS BIGINT) AS changed,
    (SELECT count(*) FROM run_items WHERE run_items.run = runs.id) AS started,
    (SELECT count(*) FROM run_items
        WHERE run_items.run = runs.id AND run_items.ended_at IS NOT NULL) AS ended
FROM runs WHERE owner = :owner AND finished_at IS NULL ORDER BY seq;

-- name: stopped_after(owner, number, limit) -> many
-- Runs in the order in which they ended or stopped for review, after the one with a number.
SELECT id, end_number FROM runs
WHERE owner = :owner AND end_number > :number ORDER BY end_number LIMIT :limit;

-- name: newest_stop(owner) -> value
-- The number of the last of them; no row: there is none.
SELECT end_number FROM runs
WHERE owner = :owner AND end_number IS NOT NULL ORDER BY end_number DESC LIMIT 1;
