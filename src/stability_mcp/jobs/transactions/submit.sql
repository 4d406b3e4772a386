-- name: terms(owner, upstream, process, max_waiting, scope, now) -> one
-- What decides about a call apart from its price: why the upstream is paused, the latest day with
-- spending, how many interactive jobs of this process wait to be sent, and whether a spending limit
-- may bind the client.
SELECT upstreams.paused_why,
    (SELECT max(spending.day) FROM spending
        WHERE spending.owner = :owner AND spending.upstream = :upstream) AS latest_day,
    (SELECT count(*) FROM (
        SELECT 1 FROM jobs WHERE jobs.process = :process AND jobs.state = 'queued'
            AND jobs.priority = 0 AND jobs.finished_at IS NULL
        LIMIT :max_waiting
    ) AS waiting_jobs) AS waiting,
    (SELECT count(*) FROM spend_limits
        WHERE spend_limits.owner = :owner AND spend_limits.upstream = :upstream
            AND spend_limits.scope = :scope AND spend_limits.ends_at > :now) AS limits
FROM upstreams WHERE upstreams.id = :upstream;

-- name: insert_call(id, owner, upstream, process, tool, call_key, joined, cached, saved, delivered_at, client, now) -> count
-- Changes no row if the random id is taken: the caller picks another one.
INSERT INTO calls (id, owner, upstream, process, tool, call_key, joined, cached, saved, delivered_at,
    client, created_at)
VALUES (:id, :owner, :upstream, :process, :tool, :call_key, :joined, :cached, :saved, :delivered_at,
    :client, :now)
ON CONFLICT (id) DO NOTHING;

-- name: insert_job(id, owner, upstream, call, position, run, step, item, retry_of, operation, arguments, result_key, deferred, priority, process, day, price, price_list, label, variant, label_source, output_dir, now) -> value
-- Returns the seq, or nothing if the random id is taken: the caller picks another one.
INSERT INTO jobs (id, owner, upstream, call, position, run, step, item, retry_of, operation,
    arguments, result_key, deferred, priority, state, process, lease_version, day, price, price_list,
    charged, label, variant, label_source, output_dir, created_at)
VALUES (:id, :owner, :upstream, :call, :position, :run, :step, :item, :retry_of, :operation,
    :arguments, :result_key, :deferred, :priority, 'queued', :process, 1, :day, :price, :price_list,
    'reserved', :label, :variant, :label_source, :output_dir, :now)
ON CONFLICT (id) DO NOTHING RETURNING seq;

-- name: insert_input(job, field, media) -> count
-- Pins the input against retention.
INSERT INTO job_inputs (job, field, position, media) VALUES (:job, :field, 0, :media);

-- name: find_generation(owner, upstream, generation, since) -> value
-- The existing job of a generation.
SELECT id FROM jobs
WHERE owner = :owner AND upstream = :upstream AND generation = :generation
    AND (state NOT IN ('failed', 'cancelled', 'unknown') OR state = 'unknown' AND sent_at > :since)
ORDER BY seq DESC LIMIT 1;

-- name: insert_adopted(id, owner, upstream, call, operation, process, day, price_list, generation, label, output_dir, now) -> count
-- A job that is only polled: the generation was charged where it was started.
INSERT INTO jobs (id, owner, upstream, call, origin, operation, arguments, deferred, state, process,
    lease_version, attempt, day, price, price_list, charged, generation, label, output_dir, created_at,
    sent_at)
VALUES (:id, :owner, :upstream, :call, 'adopted', :operation, '{}', 1, 'submitted', :process,
    1, 1, :day, 0, :price_list, 'no', :generation, :label, :output_dir, :now,
    :now);
