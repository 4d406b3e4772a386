-- name: latest_day(owner, upstream) -> value
-- A clock that was set back must not refill a budget.
SELECT max(day) FROM spending WHERE owner = :owner AND upstream = :upstream;

-- name: counters(owner, upstream, today) -> one
-- The latest day counts: no earlier one can be spent from any more.
SELECT reserved, spent, day FROM spending
WHERE owner = :owner AND upstream = :upstream AND day >= :today
ORDER BY day DESC LIMIT 1;

-- name: reserve(owner, upstream, day, credits, max_credits) -> one
-- Gives no row if the day would pass the ceiling: one statement checks and reserves, since two
-- processes that read first and write later would both pass it.
INSERT INTO spending (owner, upstream, day, reserved)
SELECT CAST(:owner AS TEXT), CAST(:upstream AS TEXT), CAST(:day AS TEXT), CAST(:credits AS BIGINT)
WHERE CAST(:credits AS BIGINT) <= :max_credits
ON CONFLICT (owner, upstream, day) DO UPDATE SET reserved = spending.reserved + excluded.reserved
    WHERE spending.reserved + spending.spent + excluded.reserved <= :max_credits
RETURNING reserved, spent, day;

-- name: raised_limit(key) -> value
-- The ceiling to which a person raised a day.
SELECT value FROM meta WHERE key = :key;

-- name: delete_raised_limits(keys) -> count
-- Ceilings of earlier days count no more.
DELETE FROM meta WHERE key LIKE :keys;

-- name: insert_raised_limit(key, value) -> count
-- The raised ceiling of a day.
INSERT INTO meta (key, value) VALUES (:key, :value);

-- name: release(owner, upstream, day, credits) -> count
-- A wrong counter must not cost a paid result: it stops at 0 instead of failing a check.
UPDATE spending SET reserved = CASE WHEN reserved > :credits THEN reserved - :credits ELSE 0 END
WHERE owner = :owner AND upstream = :upstream AND day = :day;

-- name: spend(owner, upstream, day, credits) -> count
-- Turns a reservation into spending.
UPDATE spending SET reserved = CASE WHEN reserved > :credits THEN reserved - :credits ELSE 0 END,
    spent = spent + :credits
WHERE owner = :owner AND upstream = :upstream AND day = :day;

-- name: reserve_assumed(owner, upstream, day, credits) -> count
-- Turns assumed spending back into a reservation.
UPDATE spending SET reserved = reserved + :credits,
    spent = CASE WHEN spent > :credits THEN spent - :credits ELSE 0 END
WHERE owner = :owner AND upstream = :upstream AND day = :day;

-- name: open_charge(owner, upstream, job, attempt, day, credits, now) -> count
-- One row a POST, never deleted.
INSERT INTO charges (owner, upstream, job, attempt, day, credits, state, at)
VALUES (:owner, :upstream, :job, :attempt, :day, :credits, 'sent', :now);

-- name: find_charge(job, attempt) -> one
-- What the ledger says of a request.
SELECT state, day, credits FROM charges WHERE job = :job AND attempt = :attempt;

-- name: settle_charge(job, attempt, state) -> one
-- Gives a row only for the first outcome of a request, which moves the money.
UPDATE charges SET state = :state WHERE job = :job AND attempt = :attempt AND state = 'sent'
RETURNING state, day, credits;

-- name: set_charge(job, attempt, state) -> count
-- A later outcome: the money has moved.
UPDATE charges SET state = :state WHERE job = :job AND attempt = :attempt;
