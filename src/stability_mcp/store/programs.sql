-- name: processes() -> many
-- Names the programs that use the store, in an error.
SELECT id, program, pid FROM processes;
