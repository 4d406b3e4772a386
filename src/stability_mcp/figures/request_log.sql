-- name: requests(owner, upstream, operations..., states..., since, before, limit) -> many
-- The newest paid requests of jobs of some operations and in some states. A job keeps the times of its
-- last attempt only.
SELECT
    charges.id, charges.at, jobs.operation, charges.job, charges.attempt, jobs.state,
    charges.state AS charge, charges.credits, jobs.error_type, jobs.attempt AS last_attempt,
    jobs.sent_at, jobs.answered_at, jobs.finished_at
FROM charges JOIN jobs ON jobs.id = charges.job
WHERE charges.owner = :owner AND charges.upstream = :upstream AND charges.id < :before
    AND charges.at >= :since AND jobs.operation IN (:operations...) AND jobs.state IN (:states...)
ORDER BY charges.id DESC LIMIT :limit;

-- name: slots(upstream, since) -> many
-- The requests that take a slot of the rate limit, which all owners of an upstream share.
SELECT granted_at, sent_at FROM requests
WHERE upstream = :upstream AND (sent_at >= :since OR sent_at IS NULL AND granted_at >= :since)
ORDER BY id DESC;
