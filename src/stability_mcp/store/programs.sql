-- name: processes() -> many
-- The programs that use the store, or used it until they were killed.
SELECT id, program, pid, started_at FROM processes;
