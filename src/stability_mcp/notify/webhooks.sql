-- name: count_webhooks(owner, upstream) -> value
-- How many an account has.
SELECT CAST(count(*) AS BIGINT) FROM webhooks WHERE owner = :owner AND upstream = :upstream;

-- name: insert_webhook(id, owner, upstream, url, events, description, secret, now) -> value
-- Returns nothing if the random id is taken: the caller picks another one.
INSERT INTO webhooks (id, owner, upstream, url, events, description, secret, created_at)
VALUES (:id, :owner, :upstream, :url, :events, :description, :secret, :now)
ON CONFLICT (id) DO NOTHING RETURNING id;

-- name: list_webhooks(owner, upstream) -> many
-- Oldest first; there are few.
SELECT id, owner, upstream, url, events, description, secret, old_secret, old_secret_until,
    created_at, failing_since, disabled_at, disabled_why
FROM webhooks WHERE owner = :owner AND upstream = :upstream ORDER BY seq;

-- name: find_webhook(id, owner, upstream) -> one
-- Another account's is not found.
SELECT id, owner, upstream, url, events, description, secret, old_secret, old_secret_until,
    created_at, failing_since, disabled_at, disabled_why
FROM webhooks WHERE id = :id AND owner = :owner AND upstream = :upstream;

-- name: change_webhook(id, owner, url, events, description) -> count
-- Failures of another URL don't count.
UPDATE webhooks SET url = :url, events = :events, description = :description,
    failing_since = CASE WHEN url = :url THEN failing_since END
WHERE id = :id AND owner = :owner;

-- name: rotate_secret(id, owner, secret, until) -> count
-- The old secret signs too for a while. An even older one stops at once.
UPDATE webhooks SET old_secret = secret, old_secret_until = :until, secret = :secret
WHERE id = :id AND owner = :owner;

-- name: enable_webhook(id, owner) -> count
-- Its failures start again from zero.
UPDATE webhooks SET disabled_at = NULL, disabled_why = NULL, failing_since = NULL
WHERE id = :id AND owner = :owner AND disabled_at IS NOT NULL;

-- name: resume_deliveries(webhook, owner, now, max_attempts) -> count
-- What was undelivered when it was disabled is due again.
UPDATE deliveries SET next_at = :now
WHERE webhook = :webhook AND owner = :owner AND delivered_at IS NULL AND next_at IS NULL
    AND attempts < :max_attempts;

-- name: delete_webhook(id, owner) -> count
-- Its deliveries follow in the same transaction.
DELETE FROM webhooks WHERE id = :id AND owner = :owner;

-- name: delete_deliveries(webhook, owner) -> count
-- Of a deleted webhook.
DELETE FROM deliveries WHERE webhook = :webhook AND owner = :owner;

-- name: list_deliveries(webhook, owner, before, limit) -> many
-- Newest first.
SELECT seq, message, type, subject, ended_at, attempts, next_at, attempted_at, delivered_at, answer
FROM deliveries WHERE webhook = :webhook AND owner = :owner AND seq < :before
ORDER BY seq DESC LIMIT :limit;
