-- name: run_page(owner, states..., since, until, before, limit) -> many
-- Runs of an account in some states and created in a period, newest first. Accounts have few runs.
SELECT seq, id, owner, upstream, process, template, title, plan, plan_format, inputs, files,
    max_credits, scope, scope_client, workspace, delivery, collected_at, redo_of, redo, state, why,
    cancel_at, paused_at, created_at, changed_at, finished_at
FROM runs
WHERE owner = :owner AND seq < :before AND state IN (:states...)
    AND created_at >= :since AND created_at < :until
ORDER BY seq DESC LIMIT :limit;
