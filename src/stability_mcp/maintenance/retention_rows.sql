-- name: old_media(before, cutoff, limit) -> many
-- Imported and fitted items; results are removed with their jobs, deleted items by their own rule.
SELECT seq, id FROM media
WHERE job IS NULL AND seq < :before AND created_at < :cutoff AND deleted_at IS NULL
ORDER BY seq DESC LIMIT :limit;

-- name: is_old_media(id, cutoff) -> value
-- Checks again inside the transaction that deletes it.
SELECT 1 FROM media
WHERE id = :id AND job IS NULL AND created_at < :cutoff AND deleted_at IS NULL;

-- name: is_input(media) -> value
-- An item is kept while a job uses it as an input.
SELECT 1 FROM job_inputs WHERE media = :media LIMIT 1;

-- name: has_child(media) -> value
-- An item is kept while media made from it is kept.
SELECT 1 FROM media_parents JOIN media ON media.id = media_parents.child
WHERE media_parents.parent = :media AND media.deleted_at IS NULL
LIMIT 1;

-- name: is_in_run(media) -> value
-- An item is kept while an unfinished run has it as a file or a result, or may reuse it from the run
-- that it makes again. There are few unfinished runs, and no id is part of another text in quotes.
SELECT 1 FROM runs
WHERE runs.finished_at IS NULL
    AND (runs.files LIKE '%"' || CAST(:media AS TEXT) || '"%'
        OR EXISTS (SELECT 1 FROM run_items
            WHERE run_items.media = CAST(:media AS TEXT)
                AND (run_items.run = runs.id OR run_items.run = runs.redo_of)))
LIMIT 1;

-- name: delete_lineage(media) -> count
-- Rows with the item as child or parent.
DELETE FROM media_parents WHERE child = :media OR parent = :media;

-- name: delete_media(id) -> value
-- Returns the hash of its blob, which may now be unused.
DELETE FROM media WHERE id = :id RETURNING blob;

-- name: delete_blob(sha256) -> value
-- Only the row; a later transaction removes the file.
DELETE FROM blobs
WHERE sha256 = :sha256
    AND NOT EXISTS (SELECT 1 FROM media WHERE media.blob = blobs.sha256)
RETURNING bytes;

-- name: referenced_hashes(hashes...) -> values
-- Hashes that a row refers to; their files must be kept.
SELECT sha256 FROM blobs WHERE sha256 IN (:hashes...)
UNION SELECT blob FROM media WHERE blob IN (:hashes...);

-- name: old_jobs(before, cutoff, limit) -> many
-- The states are listed because an unknown state of a newer version may not be final. A run finds
-- its results by its jobs until it has ended.
SELECT seq, id FROM jobs
WHERE seq < :before AND finished_at < :cutoff
    AND state IN ('done', 'failed', 'cancelled', 'unknown') AND stripped_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = jobs.run AND runs.finished_at IS NULL)
ORDER BY seq DESC LIMIT :limit;

-- name: old_job(job, cutoff) -> one
-- Checks one job again inside the transaction that removes it.
SELECT label FROM jobs
WHERE id = :job AND finished_at < :cutoff
    AND state IN ('done', 'failed', 'cancelled', 'unknown') AND stripped_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = jobs.run AND runs.finished_at IS NULL);

-- name: results(job) -> many
-- The results of a job, including deleted ones.
SELECT id, label, created_at, deleted_at FROM media WHERE job = :job;

-- name: delete_inputs(job) -> count
-- Its inputs may then be removed too.
DELETE FROM job_inputs WHERE job = :job;

-- name: delete_limit_links(job) -> count
-- A job that was never charged no longer counts towards a spending limit.
DELETE FROM spend_limit_jobs WHERE job = :job;

-- name: is_charged(job) -> value
-- The ledger refers to the row of a charged job.
SELECT 1 FROM charges WHERE job = :job LIMIT 1;

-- name: strip_job(job, now) -> count
-- The row stays without details, so that the ledger still adds up.
UPDATE jobs
SET arguments = '{}', result_key = NULL, answer = NULL, generation = NULL, engine_id = NULL,
    label = NULL, output_dir = NULL, call = NULL, error = NULL,
    stripped_at = :now
WHERE id = :job;

-- name: delete_job(job) -> count
-- Only for a job that was never charged.
DELETE FROM jobs WHERE id = :job;

-- name: old_runs(before, cutoff, limit) -> many
-- Runs that ended long ago.
SELECT seq, id FROM runs
WHERE seq < :before AND finished_at < :cutoff
ORDER BY seq DESC LIMIT :limit;

-- name: delete_run(run, cutoff) -> count
-- A run is kept while an unfinished one makes it again.
DELETE FROM runs
WHERE id = :run AND finished_at < :cutoff
    AND NOT EXISTS (
        SELECT 1 FROM runs AS again WHERE again.redo_of = runs.id AND again.finished_at IS NULL
    );

-- name: delete_run_items(run) -> count
-- The items that it started or settled.
DELETE FROM run_items WHERE run = :run;

-- name: old_deliveries(cutoff, limit) -> values
-- Messages to webhooks, whose retries ended long ago.
SELECT seq FROM deliveries WHERE ended_at < :cutoff ORDER BY seq LIMIT :limit;

-- name: delete_deliveries(seqs...) -> count
-- Of every account, like the other rows of a sweep.
DELETE FROM deliveries WHERE seq IN (:seqs...);

-- name: old_calls(before, cutoff, limit) -> many
-- Calls without jobs.
SELECT seq, id FROM calls
WHERE seq < :before AND created_at < :cutoff
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.call = calls.id)
ORDER BY seq DESC LIMIT :limit;

-- name: delete_call(call, cutoff) -> count
-- A call that another one joined is kept until that one is removed.
DELETE FROM calls
WHERE id = :call AND created_at < :cutoff
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.call = calls.id)
    AND NOT EXISTS (SELECT 1 FROM calls AS joined_call WHERE joined_call.joined = calls.id);
