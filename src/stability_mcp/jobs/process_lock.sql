-- name: register(id, upstream, pid, program, writes_schema, host, started_at) -> count
-- Written again where another process took this one for dead.
INSERT INTO processes (id, upstream, pid, program, writes_schema, host, started_at)
VALUES (:id, :upstream, :pid, :program, :writes_schema, :host, :started_at)
ON CONFLICT DO NOTHING;

-- name: hand_back_jobs(id) -> count
-- Any process of their upstream may take them.
UPDATE jobs SET process = NULL, lease_version = lease_version + 1
WHERE process = :id AND finished_at IS NULL;

-- name: leave(id) -> count
-- The process ends in order.
DELETE FROM processes WHERE id = :id;
