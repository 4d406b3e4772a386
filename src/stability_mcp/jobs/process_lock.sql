-- name: register(id, upstream, pid, program, writes_schema, host, started_at) -> count
-- Written again where another process took this one for dead.
INSERT INTO processes (id, upstream, pid, program, writes_schema, host, started_at)
VALUES (:id, :upstream, :pid, :program, :writes_schema, :host, :started_at)
ON CONFLICT DO NOTHING;
