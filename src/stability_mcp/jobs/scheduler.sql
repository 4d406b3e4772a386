-- name: driven(process, after) -> many
-- Unfinished jobs of this process. Jobs with the same fair_group (run or call) share their turns.
SELECT id, seq, priority, coalesce(run, call, id) AS fair_group, state, lease_version, wake_at
FROM jobs WHERE process = :process AND finished_at IS NULL AND seq > :after
ORDER BY seq;
