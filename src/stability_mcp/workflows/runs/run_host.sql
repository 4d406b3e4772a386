-- name: open_processes(owner, upstream) -> values
-- The processes of the unfinished runs that some process should drive; empty: none does.
SELECT DISTINCT coalesce(process, '') FROM runs
WHERE upstream = :upstream AND owner = :owner AND state = 'running' AND finished_at IS NULL;
