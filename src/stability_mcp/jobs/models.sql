-- name: load_job(job) -> one
-- The columns of JobRow, in order; only lists also read whether a job was collected.
SELECT seq, id, owner, upstream, call, position, run, step, item, operation, arguments, deferred,
    priority, state, process, lease_version, attempt, wake_at, day, price, charged, generation, answer, error, label,
    output_dir, created_at, sent_at, finished_at, cancel_at, origin, stripped_at,
    variant, label_source, error_type
FROM jobs WHERE id = :job;
