-- name: mismatches() -> many
-- Days whose counters differ from unfinished jobs and ledger, oldest first.
SELECT
    counted.owner, counted.upstream, counted.day,
    CAST(sum(counted.reserved) AS BIGINT) AS reserved,
    CAST(sum(counted.spent) AS BIGINT) AS spent,
    CAST(sum(counted.was_reserved) AS BIGINT) AS was_reserved,
    CAST(sum(counted.was_spent) AS BIGINT) AS was_spent
FROM (
    SELECT owner, upstream, day, price AS reserved, 0 AS spent, 0 AS was_reserved, 0 AS was_spent
    FROM jobs WHERE finished_at IS NULL AND charged = 'reserved'
    UNION ALL
    SELECT owner, upstream, day, 0, credits, 0, 0
    FROM charges WHERE state IN ('charged', 'assumed')
    UNION ALL
    SELECT owner, upstream, day, 0, 0, reserved, spent FROM spending
) AS counted
GROUP BY counted.owner, counted.upstream, counted.day
HAVING sum(counted.reserved) <> sum(counted.was_reserved)
    OR sum(counted.spent) <> sum(counted.was_spent)
ORDER BY counted.day;

-- name: mismatch(owner, upstream, day) -> one
-- The same for one day, so that the write transaction is short.
SELECT
    counted.owner, counted.upstream, counted.day,
    CAST(sum(counted.reserved) AS BIGINT) AS reserved,
    CAST(sum(counted.spent) AS BIGINT) AS spent,
    CAST(sum(counted.was_reserved) AS BIGINT) AS was_reserved,
    CAST(sum(counted.was_spent) AS BIGINT) AS was_spent
FROM (
    SELECT owner, upstream, day, price AS reserved, 0 AS spent, 0 AS was_reserved, 0 AS was_spent
    FROM jobs WHERE finished_at IS NULL AND charged = 'reserved'
    UNION ALL
    SELECT owner, upstream, day, 0, credits, 0, 0
    FROM charges WHERE state IN ('charged', 'assumed')
    UNION ALL
    SELECT owner, upstream, day, 0, 0, reserved, spent FROM spending
) AS counted
WHERE counted.owner = :owner AND counted.upstream = :upstream AND counted.day = :day
GROUP BY counted.owner, counted.upstream, counted.day
HAVING sum(counted.reserved) <> sum(counted.was_reserved)
    OR sum(counted.spent) <> sum(counted.was_spent);

-- name: set_counters(owner, upstream, day, reserved, spent) -> count
-- A day may have no row of counters yet.
INSERT INTO spending (owner, upstream, day, reserved, spent)
VALUES (:owner, :upstream, :day, :reserved, :spent)
ON CONFLICT (owner, upstream, day) DO UPDATE SET reserved = excluded.reserved, spent = excluded.spent;
