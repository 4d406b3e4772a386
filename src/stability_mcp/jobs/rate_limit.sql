-- name: blocked_until(upstream) -> value
-- The end of the lockout after a 429, which stops every process of the upstream.
SELECT blocked_until FROM upstreams WHERE id = :upstream;

-- name: occupancy(upstream, kept_since, stalled_since) -> one
-- Number of rows, number of kept slots, and when the oldest slot of an unsent request was granted.
SELECT count(*) AS rows, count(CASE WHEN sent_at >= :kept_since
        OR sent_at IS NULL AND granted_at >= :stalled_since THEN 1 END) AS kept,
    min(CASE WHEN sent_at IS NULL AND granted_at >= :stalled_since THEN granted_at END) AS oldest_unsent
FROM requests WHERE upstream = :upstream;

-- name: free_slots(upstream, kept_since, stalled_since) -> count
-- Deletes rows of requests that are certain to have arrived.
DELETE FROM requests WHERE upstream = :upstream
    AND (sent_at < :kept_since OR sent_at IS NULL AND granted_at < :stalled_since);

-- name: clamp_times(upstream, now) -> count
-- After the clock was set back: treats requests sent in the future as sent just now.
UPDATE requests SET granted_at = :now,
    sent_at = CASE WHEN sent_at IS NULL THEN NULL ELSE CAST(:now AS DOUBLE PRECISION) END
WHERE upstream = :upstream AND (sent_at > :now + 1 OR granted_at > :now + 1);

-- name: next_free(upstream, kept_since, ahead) -> value
-- Sent time of the request whose slot comes free after the slots that other requests wait for.
SELECT sent_at FROM requests WHERE upstream = :upstream AND sent_at >= :kept_since
ORDER BY sent_at LIMIT 1 OFFSET :ahead;

-- name: count_generations(upstream, max_jobs) -> value
-- Pending generations: each needs slots for its polls.
SELECT count(*) FROM (
    SELECT 1 FROM jobs WHERE upstream = :upstream AND state = 'submitted' AND finished_at IS NULL
    LIMIT :max_jobs
) AS generations;

-- name: count_interactive(upstream, now, max_jobs) -> value
-- Interactive jobs that could be sent now.
SELECT count(*) FROM (
    SELECT 1 FROM jobs WHERE upstream = :upstream AND state = 'queued' AND priority = 0
        AND wake_at <= :now AND process IS NOT NULL AND finished_at IS NULL
    LIMIT :max_jobs
) AS interactive;

-- name: take_slot(upstream, process, now) -> value
-- Returns the number of the new slot.
INSERT INTO requests (upstream, process, granted_at) VALUES (:upstream, :process, :now)
RETURNING id;

-- name: mark_sent(slot, sent_at) -> count
-- The request is sent: the period after which its slot is released starts.
UPDATE requests SET sent_at = :sent_at WHERE id = :slot AND sent_at IS NULL;

-- name: block(upstream, until) -> count
-- Never moves the end of a lockout to an earlier time.
UPDATE upstreams SET blocked_until = :until WHERE id = :upstream AND blocked_until < :until;
