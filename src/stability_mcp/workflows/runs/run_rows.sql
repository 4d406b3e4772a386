-- name: insert_run(id, owner, upstream, process, template, title, plan, plan_format, inputs, files, max_credits, scope, scope_client, workspace, redo_of, redo, now) -> value
-- Returns the seq, or nothing if the random id is taken: the caller picks another one.
INSERT INTO runs (id, owner, upstream, process, template, title, plan, plan_format, inputs, files,
    max_credits, scope, scope_client, workspace, redo_of, redo, state, created_at, changed_at)
VALUES (:id, :owner, :upstream, :process, :template, :title, :plan, :plan_format, :inputs, :files,
    :max_credits, :scope, :scope_client, :workspace, :redo_of, :redo, 'running', :now, :now)
ON CONFLICT (id) DO NOTHING RETURNING seq;

-- name: find_run(owner, id) -> one
-- One run of an account.
SELECT seq, id, owner, upstream, process, template, title, plan, plan_format, inputs, files,
    max_credits, scope, scope_client, workspace, delivery, collected_at, redo_of, redo, state, why,
    cancel_at, paused_at, created_at, changed_at, finished_at
FROM runs WHERE owner = :owner AND id = :id;

-- name: similar_ids(owner, prefix, limit) -> values
-- Ids of an account that start like a name, newest first.
SELECT id FROM runs
WHERE owner = :owner AND substr(id, 1, length(CAST(:prefix AS TEXT))) = CAST(:prefix AS TEXT)
ORDER BY seq DESC LIMIT :limit;

-- name: run_of_job(owner, job) -> value
-- The run that a job belongs to.
SELECT run FROM jobs WHERE owner = :owner AND id = :job;

-- name: list_runs(owner, before, limit) -> many
-- Runs of an account, newest first.
SELECT seq, id, owner, upstream, process, template, title, plan, plan_format, inputs, files,
    max_credits, scope, scope_client, workspace, delivery, collected_at, redo_of, redo, state, why,
    cancel_at, paused_at, created_at, changed_at, finished_at
FROM runs WHERE owner = :owner AND seq < :before ORDER BY seq DESC LIMIT :limit;

-- name: set_delivery(id, delivery) -> count
-- The files that were written, and lines for the answer.
UPDATE runs SET delivery = :delivery WHERE id = :id;

-- name: mark_collected(id, now) -> count
-- An answer showed a run that has ended, or waits for the user.
UPDATE runs SET collected_at = :now
WHERE id = :id AND collected_at IS NULL AND state <> 'running';

-- name: request_cancel(id, now) -> count
-- The process that drives the run sees it.
UPDATE runs SET cancel_at = :now WHERE id = :id AND cancel_at IS NULL AND finished_at IS NULL;

-- name: touch(id, now) -> count
-- Tells the process that drives the run that the user decided something. The value differs from
-- every earlier one, also if the clock was set back: `run_fence` compares it.
UPDATE runs SET changed_at = CASE WHEN changed_at < :now THEN :now ELSE changed_at + 0.000001 END
WHERE id = :id;

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
-- It can't run, because of what it uses or the budget of its step. It may have been started before
-- its process ended; what has a job may have been charged.
INSERT INTO run_items (run, step, item, tool, arguments, state, error, started_at, ended_at)
VALUES (:run, :step, :item, '', '{}', 'skipped', :why, :now, :now)
ON CONFLICT (run, step, item) DO UPDATE
SET state = 'skipped', error = excluded.error, ended_at = excluded.ended_at
WHERE run_items.state = 'running' AND NOT EXISTS (
    SELECT 1 FROM jobs
    WHERE jobs.run = run_items.run AND jobs.step = run_items.step AND jobs.item = run_items.item
);

-- name: repeat_item(run, step, item, job) -> count
-- The user agreed to pay again for a job whose outcome is unknown.
UPDATE run_items SET repeats = :job, state = 'running', error = NULL, ended_at = NULL
WHERE run = :run AND step = :step AND item = :item AND state = 'unknown';

-- name: skip_unknown(run, step, item, why, now) -> count
-- The user doesn't pay again for a result that may have been charged.
UPDATE run_items SET state = 'skipped', error = :why, ended_at = :now
WHERE run = :run AND step = :step AND item = :item AND state = 'unknown';

-- name: set_budget(run, credits) -> count
-- The same request twice raises it once.
UPDATE runs SET max_credits = :credits WHERE id = :run AND max_credits < :credits;

-- name: raise_budget(run, credits) -> count
-- What the user agreed to in addition, in millicredits.
UPDATE runs SET max_credits = max_credits + :credits WHERE id = :run;

-- name: forget_item(run, step, item) -> count
-- An item that wasn't charged starts again: after a pause, or because the user asked for it.
DELETE FROM run_items
WHERE run = :run AND step = :step AND item = :item AND state IN ('running', 'failed', 'skipped');

-- name: pick(run, step, item, picked) -> count
-- The user's pick in a review, which is final: later steps have started with it.
UPDATE run_items SET picked = :picked
WHERE run = :run AND step = :step AND item = :item AND state = 'done' AND picked IS NULL;

-- name: items(run) -> many
-- Every item of a run that was started or settled.
SELECT step, item, tool, arguments, reuse_key, state, repeats, media, facts, error, picked, reused_from,
    started_at, ended_at
FROM run_items WHERE run = :run ORDER BY started_at, step, item;

-- name: restart(id, process, now) -> count
-- The user decided something, so that a run waited continues in this process.
UPDATE runs SET state = 'running', why = NULL, process = :process, changed_at = :now,
    collected_at = NULL, paused_at = NULL
WHERE id = :id AND state IN ('review', 'paused');
