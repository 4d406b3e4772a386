-- name: jobs_of_run(run) -> many
-- The jobs of a run, oldest first: a later one for the same place repeats an earlier one.
SELECT id, call, step, item, state, charged, price, error, retry_of, created_at, sent_at, finished_at
FROM jobs WHERE run = :run ORDER BY seq;
