-- name: insert_run(id, owner, upstream, process, title, plan, plan_format, inputs, files, max_credits, workspace, redo_of, redo, now) -> value
-- Returns the seq, or nothing if the random id is taken: the caller picks another one.
INSERT INTO runs (id, owner, upstream, process, title, plan, plan_format, inputs, files, max_credits,
    workspace, redo_of, redo, state, created_at, changed_at)
VALUES (:id, :owner, :upstream, :process, :title, :plan, :plan_format, :inputs, :files, :max_credits,
    :workspace, :redo_of, :redo, 'running', :now, :now)
ON CONFLICT (id) DO NOTHING RETURNING seq;

-- name: find_run(owner, id) -> one
-- One run of an account.
SELECT seq, id, owner, upstream, process, title, plan, plan_format, inputs, files, max_credits, workspace,
    redo_of, redo, state, why, cancel_at, created_at, changed_at, finished_at
FROM runs WHERE owner = :owner AND id = :id;

-- name: list_runs(owner, before, limit) -> many
-- Runs of an account, newest first.
SELECT seq, id, owner, upstream, process, title, plan, plan_format, inputs, files, max_credits, workspace,
    redo_of, redo, state, why, cancel_at, created_at, changed_at, finished_at
FROM runs WHERE owner = :owner AND seq < :before ORDER BY seq DESC LIMIT :limit;

-- name: running(upstream) -> many
-- Unfinished runs that some process should drive. Few runs are unfinished at a time.
SELECT seq, id, owner, upstream, process, title, plan, plan_format, inputs, files, max_credits, workspace,
    redo_of, redo, state, why, cancel_at, created_at, changed_at, finished_at
FROM runs WHERE upstream = :upstream AND state = 'running' AND finished_at IS NULL
ORDER BY seq;

-- name: take_run(id, process, before) -> count
-- A process takes a run over from one that ended; `before` is the process in the row, or empty.
UPDATE runs SET process = :process
WHERE id = :id AND state = 'running' AND coalesce(process, '') = :before;

-- name: set_state(id, state, why, process, now) -> count
-- A run that waits for the user, or has ended, belongs to no process.
UPDATE runs SET state = :state, why = :why, process = :process, changed_at = :now,
    finished_at = CASE WHEN :state IN ('done', 'failed', 'cancelled')
        THEN coalesce(finished_at, :now) END
WHERE id = :id;

-- name: request_cancel(id, now) -> count
-- The process that drives the run sees it.
UPDATE runs SET cancel_at = :now WHERE id = :id AND cancel_at IS NULL AND finished_at IS NULL;

-- name: touch(id, now) -> count
-- Tells the process that drives the run that its items were changed.
UPDATE runs SET changed_at = :now WHERE id = :id;

-- name: start_item(run, step, item, tool, arguments, reuse_key, now) -> count
-- An item starts once: no row changes if it did.
INSERT INTO run_items (run, step, item, tool, arguments, reuse_key, state, started_at)
VALUES (:run, :step, :item, :tool, :arguments, :reuse_key, 'running', :now)
ON CONFLICT (run, step, item) DO NOTHING;

-- name: settle_item(run, step, item, state, media, facts, error, now) -> count
-- A late result replaces an unknown outcome or a failure, never another result.
UPDATE run_items SET state = :state, media = :media, facts = :facts, error = :error, ended_at = :now
WHERE run = :run AND step = :step AND item = :item AND state <> 'done';

-- name: skip_item(run, step, item, why, now) -> count
-- It can't run, because of what it uses.
INSERT INTO run_items (run, step, item, tool, arguments, state, error, started_at, ended_at)
VALUES (:run, :step, :item, '', '{}', 'skipped', :why, :now, :now)
ON CONFLICT (run, step, item) DO NOTHING;

-- name: reuse_item(run, step, item, tool, arguments, reuse_key, media, facts, picked, reused_from, now) -> count
-- The same as in an earlier run: nothing is charged.
INSERT INTO run_items (run, step, item, tool, arguments, reuse_key, state, media, facts,
    picked, reused_from, started_at, ended_at)
VALUES (:run, :step, :item, :tool, :arguments, :reuse_key, 'done', :media, :facts,
    :picked, :reused_from, :now, :now)
ON CONFLICT (run, step, item) DO NOTHING;

-- name: repeat_item(run, step, item, job) -> count
-- The user agreed to pay again for a job whose outcome is unknown.
UPDATE run_items SET repeats = :job, state = 'running', error = NULL, ended_at = NULL
WHERE run = :run AND step = :step AND item = :item AND state = 'unknown';

-- name: raise_ceiling(run, credits) -> count
-- What the user agreed to in addition, in millicredits.
UPDATE runs SET max_credits = max_credits + :credits WHERE id = :run;

-- name: forget_item(run, step, item) -> count
-- An item that wasn't charged starts again: after a pause, or because the user wants it.
DELETE FROM run_items
WHERE run = :run AND step = :step AND item = :item AND state IN ('running', 'failed', 'skipped');

-- name: pick(run, step, item, picked) -> count
-- The user's pick in a review.
UPDATE run_items SET picked = :picked
WHERE run = :run AND step = :step AND item = :item AND state = 'done';

-- name: items(run) -> many
-- Every item of a run that was started or settled.
SELECT step, item, tool, arguments, reuse_key, state, repeats, media, facts, error, picked, reused_from,
    started_at, ended_at
FROM run_items WHERE run = :run ORDER BY started_at, step, item;

-- name: reusable(run) -> many
-- Results of an earlier run that exist still, by what they were made of.
SELECT run_items.step, run_items.item, run_items.reuse_key, run_items.media, run_items.facts,
    run_items.picked
FROM run_items LEFT JOIN media ON media.id = run_items.media AND media.deleted_at IS NULL
WHERE run_items.run = :run AND run_items.state = 'done' AND run_items.reuse_key IS NOT NULL
    AND (run_items.media IS NULL OR media.id IS NOT NULL);

-- name: committed(run) -> value
-- What the jobs of a run cost or may still cost. Summed over the jobs, so it can't drift.
SELECT CAST(coalesce(sum(price), 0) AS BIGINT) FROM jobs
WHERE run = :run AND charged IN ('reserved', 'assumed', 'yes');
