-- name: register(id, upstream, pid, program, writes_schema, host, started_at) -> count
-- Repeated after another process has declared this one dead.
INSERT INTO processes (id, upstream, pid, program, writes_schema, host, started_at)
VALUES (:id, :upstream, :pid, :program, :writes_schema, :host, :started_at)
ON CONFLICT DO NOTHING;
