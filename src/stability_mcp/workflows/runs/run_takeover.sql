-- name: running(upstream) -> many
-- Unfinished runs that some process should drive. Few runs are unfinished at a time.
SELECT seq, id, owner, upstream, process, template, title, plan, plan_format, inputs, files,
    max_credits, scope, scope_client, workspace, delivery, collected_at, redo_of, redo, state, why,
    cancel_at, paused_at, created_at, changed_at, finished_at
FROM runs WHERE upstream = :upstream AND state = 'running' AND finished_at IS NULL
ORDER BY seq;

-- name: take_run(id, process, before) -> count
-- A process takes a run over from one that ended; `before` is the process in the row, or empty.
UPDATE runs SET process = :process
WHERE id = :id AND state = 'running' AND coalesce(process, '') = :before;

-- name: other_process(upstream, me) -> value
-- Whether another process could have driven the runs of an upstream.
SELECT 1 FROM processes WHERE upstream = :upstream AND id <> :me LIMIT 1;

-- name: last_change(id) -> value
-- When something last happened in a run.
SELECT max(changes.at) FROM (
    SELECT changed_at AS at FROM runs WHERE id = :id
    UNION ALL SELECT started_at FROM run_items WHERE run = :id
    UNION ALL SELECT ended_at FROM run_items WHERE run = :id
) AS changes;

-- name: pause_orphan(id, before, why, now) -> count
-- No process has driven the run for long; `before` is the process in the row, or empty.
UPDATE runs SET state = 'paused', why = :why, process = NULL, collected_at = NULL, changed_at = :now
WHERE id = :id AND state = 'running' AND coalesce(process, '') = :before;
