-- name: driven(process, after) -> many
-- Unfinished jobs of this process; those of one run or call take turns with others.
SELECT id, seq, lane AS priority, coalesce(run, call, id) AS fair_group, state, epoch, wake_at
FROM jobs WHERE process = :process AND finished_at IS NULL AND seq > :after
ORDER BY seq;
