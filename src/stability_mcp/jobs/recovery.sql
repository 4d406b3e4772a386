-- name: other_processes(me) -> values
-- All other registered processes, alive or dead.
SELECT id FROM processes WHERE id <> :me;
