-- name: insert_upstream(upstream, base_url) -> count
-- The upstream of all rows.
INSERT INTO upstreams (id, base_url, emulated) VALUES (:upstream, :base_url, 0);

-- name: insert_blob(blob, at) -> count
-- One blob for all media, because lists don't read the file.
INSERT INTO blobs (sha256, bytes, media_type, created_at)
VALUES (:blob, 3117216, 'image/png', :at);

-- name: insert_call(call, upstream, key, at) -> count
-- A call whose result was delivered.
INSERT INTO calls (id, owner, upstream, process, tool, call_key, created_at, delivered_at)
VALUES (:call, 'local', :upstream, 'p', 'generate_core', :key, :at, :at);

-- name: insert_job(job, call, upstream, key, label, at) -> count
-- A finished job.
INSERT INTO jobs (id, owner, upstream, call, operation, arguments, result_key, deferred, state, day,
    price, price_list, charged, label, created_at, sent_at, answered_at, finished_at)
VALUES (:job, 'local', :upstream, :call, 'generate_core', '{"prompt":"a lighthouse at dusk"}', :key,
    0, 'done', '2026-11-22', 3000, '2026-11', 'yes', :label, :at, :at, :at, :at);

-- name: insert_media(media, job, upstream, blob, seed, label, at) -> count
-- The result of a job.
INSERT INTO media (id, owner, upstream, job, blob, media_type, width, height, seed, finish_reason,
    origin, operation, label, created_at)
VALUES (:media, 'local', :upstream, :job, :blob, 'image/png', 1536, 1536, :seed, 'SUCCESS',
    'generated', '{"operation":"generate_core","arguments":{"prompt":"a lighthouse at dusk"}}',
    :label, :at);

-- name: insert_tags(tag) -> count
-- Every item has the tag: the longest list by tag there can be.
INSERT INTO media_tags (media, tag_key, position, owner, tag, media_seq)
SELECT id, :tag, 0, owner, :tag, seq FROM media;
