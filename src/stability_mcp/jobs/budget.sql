-- name: latest_day(owner, upstream) -> value
-- Setting the clock back must not refill the budget.
SELECT max(day) FROM spending WHERE owner = :owner AND upstream = :upstream;

-- name: counters(owner, upstream, today) -> one
-- Only the latest day counts: nothing can be spent from an earlier one.
SELECT reserved, spent, day FROM spending
WHERE owner = :owner AND upstream = :upstream AND day >= :today
ORDER BY day DESC LIMIT 1;

-- name: reserve(owner, upstream, day, credits, max_credits) -> one
-- Returns no row if the day would exceed the budget. One statement checks and reserves: two
-- processes that read first and write later could both exceed it.
INSERT INTO spending (owner, upstream, day, reserved)
SELECT CAST(:owner AS TEXT), CAST(:upstream AS TEXT), CAST(:day AS TEXT), CAST(:credits AS BIGINT)
WHERE CAST(:credits AS BIGINT) <= :max_credits
ON CONFLICT (owner, upstream, day) DO UPDATE SET reserved = spending.reserved + excluded.reserved
    WHERE spending.reserved + spending.spent + excluded.reserved <= :max_credits
RETURNING reserved, spent, day;

-- name: committed(run) -> value
-- What the jobs of a run cost or may still cost, with retries. Summed over the jobs, so it can't
-- drift.
SELECT CAST(coalesce(sum(price), 0) AS BIGINT) FROM jobs
WHERE run = :run AND charged IN ('reserved', 'assumed', 'yes');

-- name: raised_limit(key) -> value
-- The budget of a day, if a person raised it.
SELECT value FROM meta WHERE key = :key;

-- name: delete_raised_limits(keys) -> count
-- Raised budgets of earlier days no longer apply.
DELETE FROM meta WHERE key LIKE :keys;

-- name: insert_raised_limit(key, value) -> count
-- The raised budget of a day.
INSERT INTO meta (key, value) VALUES (:key, :value);

-- name: release(owner, upstream, day, credits) -> count
-- Stops at 0 instead of failing a check: a wrong counter must not cost a paid result.
UPDATE spending SET reserved = CASE WHEN reserved > :credits THEN reserved - :credits ELSE 0 END
WHERE owner = :owner AND upstream = :upstream AND day = :day;

-- name: spend(owner, upstream, day, credits) -> count
-- Moves credits from reserved to spent.
UPDATE spending SET reserved = CASE WHEN reserved > :credits THEN reserved - :credits ELSE 0 END,
    spent = spent + :credits
WHERE owner = :owner AND upstream = :upstream AND day = :day;

-- name: reserve_assumed(owner, upstream, day, credits) -> count
-- Moves assumed spending back to reserved.
UPDATE spending SET reserved = reserved + :credits,
    spent = CASE WHEN spent > :credits THEN spent - :credits ELSE 0 END
WHERE owner = :owner AND upstream = :upstream AND day = :day;

-- name: open_charge(owner, upstream, job, attempt, day, credits, now) -> count
-- One row per POST, never deleted.
INSERT INTO charges (owner, upstream, job, attempt, day, credits, state, at)
VALUES (:owner, :upstream, :job, :attempt, :day, :credits, 'sent', :now);

-- name: find_charge(job, attempt) -> one
-- The ledger row of a request.
SELECT state, day, credits FROM charges WHERE job = :job AND attempt = :attempt;

-- name: settle_charge(job, attempt, state) -> one
-- Returns a row only for the first outcome of a request; that one updates the counters.
UPDATE charges SET state = :state WHERE job = :job AND attempt = :attempt AND state = 'sent'
RETURNING state, day, credits;

-- name: set_charge(job, attempt, state) -> count
-- A later outcome: the counters are already updated.
UPDATE charges SET state = :state WHERE job = :job AND attempt = :attempt;
