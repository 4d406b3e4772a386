-- name: quick_check() -> values
-- SQLite only: "ok", or the first errors in the structure of the file.
PRAGMA quick_check(3);

-- name: job_exists(job) -> value
-- A file in the spool without a job may be a response that was charged.
SELECT 1 FROM jobs WHERE id = :job;

-- name: processes() -> values
-- Registered processes; those without a lock are dead.
SELECT id FROM processes;
