-- name: drives(id, process) -> value
-- Whether a process may add jobs to a run.
SELECT 1 FROM runs
WHERE id = :id AND state = 'running' AND process = :process AND cancel_at IS NULL;

-- name: stop(id, driver, seen, state, why, now) -> count
-- A run that waits for the user, or has ended, belongs to no process. No answer has shown its new
-- state yet. `seen`: when the run had last changed, as its driver knows it.
UPDATE runs SET state = :state, why = :why, process = NULL, changed_at = :now,
    finished_at = CASE WHEN :state IN ('done', 'failed', 'cancelled')
        THEN coalesce(finished_at, :now) END,
    collected_at = NULL,
    end_number = CASE WHEN :state = 'paused' THEN end_number ELSE coalesce(
        (SELECT ended.end_number + 1 FROM runs AS ended
            WHERE ended.owner = runs.owner
                AND ended.end_number >= CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)
            ORDER BY ended.end_number DESC LIMIT 1),
        CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)) END
WHERE id = :id AND state = 'running' AND process = :driver AND changed_at = :seen;

-- name: pause(id, process, why, now) -> count
-- Whatever the user decided meanwhile, the process can't carry it out.
UPDATE runs SET state = 'paused', why = :why, process = NULL, changed_at = :now, collected_at = NULL
WHERE id = :id AND state = 'running' AND process = :process;

-- name: pause_by_user(id, why, now) -> count
-- The user paused a running run; no process may take it over or add jobs to it. As the process that
-- drives it learns of it by the new `changed_at`, that differs from every earlier one.
UPDATE runs SET state = 'paused', why = :why, process = NULL, paused_at = :now, collected_at = NULL,
    changed_at = CASE WHEN changed_at < :now THEN :now ELSE changed_at + 0.000001 END
WHERE id = :id AND state = 'running' AND cancel_at IS NULL;

-- name: pause_jobs(run) -> count
-- What wasn't sent waits with its run, and keeps its reservation.
UPDATE jobs SET state = 'paused', process = NULL, lease_version = lease_version + 1
WHERE run = :run AND state = 'queued';

-- name: cancel_items(run, now) -> count
-- Items that were started, but have no job or result.
UPDATE run_items SET state = 'cancelled', ended_at = :now WHERE run = :run AND state = 'running';
