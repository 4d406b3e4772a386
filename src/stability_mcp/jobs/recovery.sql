-- name: other_processes(me) -> values
-- Registered processes; whether they live, their locks say.
SELECT id FROM processes WHERE id <> :me;
