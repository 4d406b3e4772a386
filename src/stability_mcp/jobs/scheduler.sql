-- name: driven(process, after) -> many
-- Unfinished jobs of this process; those of one run or call take turns with others.
SELECT id, seq, priority, coalesce(run, call, id) AS fair_group, state, lease_version, wake_at
FROM jobs WHERE process = :process AND finished_at IS NULL AND seq > :after
ORDER BY seq;
