-- name: next_due(upstream) -> value
-- When the next delivery of any webhook is due; nothing is due while it is disabled.
SELECT next_at FROM deliveries WHERE upstream = :upstream AND next_at IS NOT NULL
ORDER BY next_at LIMIT 1;

-- name: due(upstream, now, latest, busy..., limit) -> many
-- Deliveries that are due, oldest first; `busy` are webhooks with enough in flight. No delay ends
-- after `latest`, so a later time comes from a clock that was wrong.
SELECT deliveries.seq, deliveries.owner, deliveries.upstream, deliveries.webhook,
    deliveries.message, deliveries.type, deliveries.subject, deliveries.ended_at,
    deliveries.attempts, deliveries.next_at, deliveries.body
FROM deliveries
WHERE deliveries.upstream = :upstream
    AND (deliveries.next_at <= :now OR deliveries.next_at > :latest)
    AND deliveries.webhook NOT IN (:busy...)
ORDER BY deliveries.next_at, deliveries.seq LIMIT :limit;

-- name: is_current_job(job, owner, message) -> value
-- A job that ended again, or is polled again, sends another message.
SELECT 1 FROM jobs
WHERE id = :job AND owner = :owner AND finished_at IS NOT NULL
    AND 'job_' || id || '_' || CAST(end_number AS TEXT) = CAST(:message AS TEXT);

-- name: is_current_run(run, owner, message) -> value
-- So does a run that has continued.
SELECT 1 FROM runs
WHERE id = :run AND owner = :owner AND state IN ('review', 'done', 'failed', 'cancelled')
    AND 'run_' || id || '_' || CAST(end_number AS TEXT) = CAST(:message AS TEXT);

-- name: claim(seq, owner, next_at, until, body) -> count
-- No row changes if another process was faster, or if the webhook was disabled or deleted.
UPDATE deliveries SET next_at = :until, body = :body
WHERE seq = :seq AND owner = :owner AND next_at = :next_at
    AND EXISTS (SELECT 1 FROM webhooks
        WHERE webhooks.id = deliveries.webhook AND webhooks.disabled_at IS NULL);

-- name: drop_superseded(seq, owner, next_at) -> count
-- The job or run has continued since: its next end sends a message.
DELETE FROM deliveries
WHERE seq = :seq AND owner = :owner AND next_at = :next_at AND body IS NULL;

-- name: mark_delivered(seq, owner, claim, now, answer) -> count
-- No row changes if the claim expired and another process holds the delivery.
UPDATE deliveries SET delivered_at = :now, attempted_at = :now, attempts = attempts + 1,
    answer = :answer, next_at = NULL, body = NULL
WHERE seq = :seq AND owner = :owner AND next_at = :claim;

-- name: mark_failed(seq, owner, claim, now, answer, next_at) -> count
-- The same condition.
UPDATE deliveries SET attempted_at = :now, attempts = attempts + 1, answer = :answer,
    next_at = :next_at
WHERE seq = :seq AND owner = :owner AND next_at = :claim;

-- name: release(seq, owner, claim, now) -> count
-- The same condition.
UPDATE deliveries SET next_at = :now
WHERE seq = :seq AND owner = :owner AND next_at = :claim;

-- name: count_success(webhook, owner) -> count
-- Ends a series of failures.
UPDATE webhooks SET failing_since = NULL
WHERE id = :webhook AND owner = :owner AND failing_since IS NOT NULL;

-- name: count_failure(webhook, owner, url, now) -> value
-- Starts or continues a series of failures, and returns since when it lasts. A failure of an earlier
-- URL, or of a disabled webhook, returns nothing.
UPDATE webhooks SET failing_since = coalesce(failing_since, :now)
WHERE id = :webhook AND owner = :owner AND url = :url AND disabled_at IS NULL
RETURNING failing_since;

-- name: is_enabled(webhook, owner) -> value
-- Whether a retry follows.
SELECT 1 FROM webhooks WHERE id = :webhook AND owner = :owner AND disabled_at IS NULL;

-- name: disable(webhook, owner, now, why) -> count
-- Until the user enables it again.
UPDATE webhooks SET disabled_at = :now, disabled_why = :why
WHERE id = :webhook AND owner = :owner AND disabled_at IS NULL;

-- name: suspend_deliveries(webhook, owner) -> count
-- Those of a disabled webhook; they keep their attempts.
UPDATE deliveries SET next_at = NULL
WHERE webhook = :webhook AND owner = :owner AND next_at IS NOT NULL;
